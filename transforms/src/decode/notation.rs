//! What else there is to say of numbers that either decimal mark could explain, such as `1,234`: a person's word; the
//! currency of their row; how numbers are written where a report is from. A list kept by hand may be from anywhere.

use sellerlake_contracts::Delivery;
use sellerlake_schemas::{DecimalMark, Knowledge, Named, Place, Source};

use super::DecodeRequest;
use super::marks::{Marks, Word};
use super::number::Mark;

/// Option of a delivery with which a person settles it: `comma` or `point`.
const OPTION: &str = "decimal";

/// The mark a person named for this delivery.
pub fn named(delivery: &Delivery) -> Option<Mark> {
    delivery.options.get(OPTION).and_then(|mark| DecimalMark::parse(mark)).map(mark_of)
}

fn mark_of(mark: DecimalMark) -> Mark {
    match mark {
        DecimalMark::Point => Mark::Point,
        DecimalMark::Comma => Mark::Comma,
    }
}

/// What can be asked of the rows of one file.
#[derive(Debug, Clone)]
pub struct Notation<'a> {
    knowledge: &'a Knowledge,
    by_hand: bool,
    /// Columns that name the currency or the place of a row, and whether the next rows repeat it.
    naming: Vec<Option<(Named, bool)>>,
    /// The mark is a point where the request went to.
    from_point: bool,
    /// Amounts have no decimals there.
    is_whole: bool,
}

impl<'a> Notation<'a> {
    /// What a file with these columns can be asked.
    pub fn of(request: &DecodeRequest<'a>, fed: impl Fn(usize) -> bool) -> Self {
        let source: &'a Source = request.source;
        let columns = || source.columns.values().enumerate();
        // Of two currencies in a row neither is known to be that of its amounts.
        let is_clear = columns().filter(|(_, column)| column.names == Some(Named::Currency)).count() == 1;
        let named = |named: &Named| *named != Named::Currency || is_clear;
        let naming = columns().map(|(index, column)| {
            column.names.filter(|_| fed(index)).filter(named).map(|named| (named, column.fill_down))
        });
        let (delivery, knowledge) = (request.delivery, &*source.knowledge);
        let scope = delivery.scope.0.as_str();
        let marketplace = delivery.marketplace.as_ref().map_or(scope, |marketplace| marketplace.as_str());
        let place = knowledge.places.iter().find(|place| place.id == marketplace);
        let mark = match place {
            Some(place) => place.decimal_mark,
            None => knowledge.decimal_mark(|place| place.region == scope),
        };
        let from_point = mark == Some(DecimalMark::Point);
        let is_whole = place.is_some_and(|place| place.minor_units == 0);
        Self { knowledge, by_hand: source.by_hand, naming: naming.collect(), from_point, is_whole }
    }

    /// Whether cells of this column tell anything.
    pub fn has(&self, column: usize) -> bool {
        self.naming[column].is_some()
    }

    /// The mark of a file in which no number tells it, if anything else does.
    pub fn expected(&self, all: &Marks) -> Option<Mark> {
        // Amazon's reports have points unless they show otherwise.
        let is_report = !self.by_hand && !all.has_open_amount() && (self.from_point || all.is_from_point());
        let is_clear = !all.is_telling() || all.is_whole() || is_report;
        (is_clear && !all.is_both_ways()).then_some(Mark::Point)
    }

    fn word(&self, named: Named, cell: &str) -> Option<Word> {
        let of_currency = |place: &Place| place.currency.eq_ignore_ascii_case(cell);
        let mark = match named {
            Named::Currency
                if self.knowledge.places.iter().any(|place| of_currency(place) && place.minor_units == 0) =>
            {
                return Some(Word::Whole);
            }
            Named::Currency => self.knowledge.decimal_mark(of_currency),
            Named::Warehouse | Named::Seller => None,
            Named::Marketplace => self.knowledge.place(cell).and_then(|place| place.decimal_mark),
        };
        (mark == Some(DecimalMark::Point) && !self.by_hand).then_some(Word::Point)
    }
}

/// The numbers of the row at hand that are open, and what the row says of them.
#[derive(Debug, Clone, Default)]
pub struct OpenRow {
    /// Columns, and whether the number has a point.
    open: Vec<(usize, bool)>,
    word: Option<Word>,
    /// What rows below one that names its currency have from it.
    inherited: Option<Word>,
    /// The name met last, and what it says.
    heard: Option<(String, Option<Word>)>,
}

impl OpenRow {
    /// Takes a number that either mark explains.
    pub fn leave_open(&mut self, column: usize, has_point: bool) {
        self.open.push((column, has_point));
    }

    /// Looks at a cell that may name a currency or a place.
    pub fn look(&mut self, notation: &Notation<'_>, column: usize, cell: &str) {
        let Some((named, fills_down)) = notation.naming[column] else { return };
        if self.heard.as_ref().is_none_or(|(last, ..)| last != cell) {
            self.heard = Some((cell.to_owned(), notation.word(named, cell)));
        }
        let word = self.heard.as_ref().and_then(|(_, word)| *word);
        if fills_down {
            self.inherited = word;
        }
        // That it has no decimals says more than where it is from.
        self.word = if self.word == Some(Word::Whole) { self.word } else { word.or(self.word) };
    }

    /// Tells the open numbers of the row that has ended what it says of them.
    pub fn end(&mut self, notation: &Notation<'_>, marks: &mut [Marks]) {
        let word = self.word.take().or(self.inherited);
        for (column, has_point) in &self.open {
            let of_place = || (notation.is_whole && *has_point).then_some(Word::Whole);
            word.or_else(of_place).into_iter().for_each(|word| marks[*column].hear(word, *has_point));
        }
        self.open.clear();
    }
}
