//! Which of day and month comes first in a file's dates, by evidence. Strongest first: values that only one order allows;
//! other dates of the same row, or of the one above that its dates belong to; the window that was asked for; what is written where the data are from; that nothing
//! happened after the as-of. Evidence that contradicts itself decides nothing: a person is asked.

use sellerlake_contracts::Window;
use sellerlake_schemas::{Column, DayOrder, Knowledge, Named, Place, Source, Unit};

use super::DecodeRequest;
use super::cell::CellFormat;
use super::moment::Readings;
use super::moment::days_of;

/// Option of a delivery with which a person settles it: `dmy` or `mdy`.
const OPTION: &str = "day_order";
/// Days that time zones, and clocks, may lie apart.
const SLACK: i32 = 1;
/// Days between what a list was made for and when it was asked for.
const STALE: i32 = 7;

/// The order a person named for this delivery.
pub fn named(request: &DecodeRequest<'_>) -> Option<Settled> {
    let order = request.delivery.options.get(OPTION).and_then(|order| DayOrder::parse(order))?;
    Some(Settled::by(order, "--day-order"))
}

/// What can be asked of the cells of one file.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    knowledge: &'a Knowledge,
    columns: Vec<Asked>,
    same_day: Vec<Vec<usize>>,
    in_order: Vec<Vec<usize>>,
    within: Vec<[usize; 3]>,
    /// The last day on which anything can have happened.
    latest: i32,
    /// How dates are written where the request went to.
    place: Option<Habit>,
}

/// How dates are written at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Habit {
    order: DayOrder,
    /// What is known of where that is: `the currency EUR`.
    known_by: String,
}

/// The order that holds in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// What comes first.
    pub order: DayOrder,
    /// What says so, to stand behind "by".
    pub by: String,
}

impl Settled {
    fn by(order: DayOrder, by: &str) -> Self {
        Self { order, by: by.to_owned() }
    }
}

/// What a column can tell.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for a declaration of its own")]
struct Asked {
    /// Its own order is open.
    open: bool,
    /// Its days bear on those of others.
    sibling: bool,
    /// First and last day that its days can be, by what was asked for.
    within: Option<(i32, i32)>,
    ahead: bool,
    /// Rows below have what stands here too.
    fills_down: bool,
    names: Option<Named>,
}

impl<'a> Question<'a> {
    /// What is open in a file with these columns; `None` where nothing is.
    pub fn of(
        request: &DecodeRequest<'a>,
        window: Option<Window>,
        formats: &[CellFormat],
        fed: impl Fn(usize) -> bool,
    ) -> Option<Self> {
        let source = request.source;
        let is_open = |index: usize| fed(index) && formats[index].moments.is_order_open();
        if named(request).is_some() || !(0..formats.len()).any(is_open) {
            return None;
        }
        let group = |names: &Vec<String>| {
            let found: Vec<usize> = names.iter().filter_map(|name| source.columns.get_index_of(name)).collect();
            let found: Vec<usize> = found.into_iter().filter(|index| fed(*index)).collect();
            (found.len() > 1 && found.iter().any(|index| is_open(*index))).then_some(found)
        };
        let same_day: Vec<Vec<usize>> = source.same_day.iter().filter_map(group).collect();
        let in_order: Vec<Vec<usize>> = source.in_order.iter().filter_map(group).collect();
        let spans = source.within.iter().filter_map(|within| {
            let found = group(&vec![within.from.clone(), within.day.clone(), within.to.clone()])?;
            <[usize; 3]>::try_from(found).ok()
        });
        let spans: Vec<[usize; 3]> = spans.collect();
        let siblings = same_day.iter().chain(&in_order).flatten().chain(spans.iter().flatten());
        let siblings: Vec<usize> = siblings.copied().collect();
        let asked = |(index, column): (usize, &Column)| Asked {
            open: is_open(index),
            sibling: siblings.contains(&index),
            within: within(request, window, &column.name),
            ahead: column.ahead,
            fills_down: column.fill_down,
            names: column.names.filter(|_| fed(index)),
        };
        Some(Self {
            knowledge: &source.knowledge,
            columns: source.columns.values().enumerate().map(asked).collect(),
            same_day,
            in_order,
            within: spans,
            latest: days_of(request.delivery.as_of.unwrap_or(request.delivery.fetched_at).date_naive()) + SLACK,
            place: place(request),
        })
    }

    /// Whether cells of this column tell anything.
    pub fn has(&self, column: usize) -> bool {
        let asked = &self.columns[column];
        asked.open || asked.sibling || asked.names.is_some()
    }

    /// Whether rows have dates from the rows above them.
    pub fn looks_up(&self) -> bool {
        self.columns.iter().any(|asked| asked.sibling && asked.fills_down)
    }
}

/// The days that were asked for, where the request filtered on this column.
fn within(request: &DecodeRequest<'_>, window: Option<Window>, column: &str) -> Option<(i32, i32)> {
    let source: &Source = request.source;
    let days = |window: Window| (days_of(window.from.date_naive()) - SLACK, days_of(window.last_day()) + SLACK);
    match &source.unit {
        Unit::Day(name) if name == column => window.map(days),
        Unit::Period => window.map(days),
        Unit::AsOfDay if source.as_of.as_deref() == Some(column) => {
            let day = days_of(request.delivery.as_of?.date_naive());
            Some((day - STALE, day + SLACK))
        }
        _ => None,
    }
}

/// How dates are written where the request went to: a marketplace, or a region whose marketplaces agree.
fn place(request: &DecodeRequest<'_>) -> Option<Habit> {
    let (delivery, known) = (request.delivery, &request.source.knowledge);
    let scope = delivery.scope.0.as_str();
    let marketplace = delivery.marketplace.as_ref().map_or(scope, |marketplace| marketplace.as_str());
    let (order, known_by) = match known.places.iter().find(|place| place.id == marketplace) {
        Some(place) => (place.day_order?, format!("the marketplace asked for, {}", place.country)),
        None => (known.day_order(|place| place.region == scope)?, format!("the region asked for, {scope}")),
    };
    Some(Habit { order, known_by })
}

/// How often each order was spoken for.
#[derive(Debug, Clone, Copy, Default)]
struct Votes {
    day_first: u64,
    month_first: u64,
}

/// What votes of one kind come to.
enum Verdict {
    Silent,
    For(DayOrder),
    Torn,
}

impl Votes {
    fn add(&mut self, order: DayOrder) {
        match order {
            DayOrder::DayFirst => self.day_first += 1,
            DayOrder::MonthFirst => self.month_first += 1,
        }
    }

    /// Adds a vote if exactly one order is possible.
    fn add_only(&mut self, day_first: bool, month_first: bool) {
        self.day_first += u64::from(day_first && !month_first);
        self.month_first += u64::from(month_first && !day_first);
    }

    fn merge(&mut self, other: Self) {
        self.day_first += other.day_first;
        self.month_first += other.month_first;
    }

    fn verdict(self) -> Verdict {
        match (self.day_first > 0, self.month_first > 0) {
            (false, false) => Verdict::Silent,
            (true, false) => Verdict::For(DayOrder::DayFirst),
            (false, true) => Verdict::For(DayOrder::MonthFirst),
            (true, true) => Verdict::Torn,
        }
    }
}

/// A date of the row at hand.
#[derive(Debug, Clone, Copy)]
enum Dated {
    /// This day, whatever comes first.
    Surely(i32),
    Either(Readings),
}

impl Dated {
    fn under(self, order: DayOrder) -> Option<i32> {
        match self {
            Self::Surely(day) => Some(day),
            Self::Either(readings) => readings.under(order),
        }
    }
}

/// What the cells looked at so far say.
#[derive(Debug, Clone, Default)]
pub struct Testimony {
    values: Votes,
    rows: Votes,
    window: Votes,
    places: Votes,
    past: Votes,
    /// The first date that each order makes another day of.
    doubtful: Option<String>,
    row: Vec<(usize, Dated)>,
    /// Dates that the rows have from one above.
    above: Vec<(usize, Dated)>,
    /// The place or currency named last, and how dates are written there.
    heard: Option<(String, Option<DayOrder>)>,
    /// The first one that says how.
    habit: Option<Habit>,
}

impl Testimony {
    /// Looks at a cell of a column that can tell something.
    pub fn look(&mut self, question: &Question<'_>, column: usize, format: &CellFormat, cell: &str) {
        let asked = &question.columns[column];
        if let Some(named) = asked.names {
            self.hear(question, named, cell);
        }
        if asked.open {
            if let Some(readings) = format.moments.readings(cell) {
                self.values.add_only(readings.day_first.is_some(), readings.month_first.is_some());
                if readings.differ() {
                    self.doubt(question, asked, readings, cell);
                }
                self.row.push((column, Dated::Either(readings)));
                return;
            }
            // Points part the numbers of a date where the day comes first, and nowhere else.
            if is_pointed(cell) {
                self.rows.add(DayOrder::DayFirst);
            }
        }
        if asked.sibling
            && let Ok(day) = format.moments.day(cell)
        {
            self.row.push((column, Dated::Surely(day)));
        }
    }

    /// Neighbours mostly name the same place.
    fn hear(&mut self, question: &Question<'_>, named: Named, cell: &str) {
        if self.heard.as_ref().is_none_or(|(last, ..)| last != cell) {
            let (what, order) = match named {
                Named::Currency => {
                    let of_currency = |place: &Place| place.currency.eq_ignore_ascii_case(cell);
                    ("currency", question.knowledge.day_order(of_currency))
                }
                Named::Warehouse => {
                    let region = question.knowledge.place(cell).map(|place| place.region.as_str());
                    let order = region.and_then(|region| question.knowledge.day_order(|place| place.region == region));
                    ("warehouse's country", order)
                }
                Named::Seller => ("seller", None),
                Named::Marketplace => ("marketplace", question.knowledge.place(cell).and_then(|place| place.day_order)),
            };
            if let Some(order) = order.filter(|_| self.habit.is_none()) {
                self.habit = Some(Habit { order, known_by: format!("the {what} {cell}") });
            }
            self.heard = Some((cell.to_owned(), order));
        }
        if let Some((_, Some(order))) = self.heard {
            self.places.add(order);
        }
    }

    fn doubt(&mut self, question: &Question<'_>, asked: &Asked, readings: Readings, cell: &str) {
        self.doubtful.get_or_insert_with(|| cell.to_owned());
        let fits = |possible: &dyn Fn(i32) -> bool| {
            (readings.day_first.is_some_and(possible), readings.month_first.is_some_and(possible))
        };
        if let Some((first, last)) = asked.within {
            let (day_first, month_first) = fits(&|day| (first..=last).contains(&day));
            self.window.add_only(day_first, month_first);
        }
        if !asked.ahead {
            let (day_first, month_first) = fits(&|day| day <= question.latest);
            self.past.add_only(day_first, month_first);
        }
    }

    /// Compares the dates of the row that has ended.
    pub fn end_row(&mut self, question: &Question<'_>) {
        let is_above = |(column, _): &(usize, Dated)| question.columns[*column].fills_down;
        if self.row.iter().any(is_above) {
            self.above.clear();
            self.above.extend(self.row.iter().filter(|dated| is_above(dated)));
        }
        let is_open = |(_, dated): &(usize, Dated)| matches!(dated, Dated::Either(readings) if readings.differ());
        if self.row.len() + self.above.len() > 1 && self.row.iter().any(is_open) {
            let holds = |order| self.holds(question, order);
            self.rows.add_only(holds(DayOrder::DayFirst), holds(DayOrder::MonthFirst));
        }
        self.row.clear();
    }

    /// Whether the row's dates go together under an order.
    fn holds(&self, question: &Question<'_>, order: DayOrder) -> bool {
        let day = |column: &usize| {
            let (_, dated) = self.row.iter().chain(&self.above).find(|(own, _)| own == column)?;
            dated.under(order)
        };
        let one_day = |group: &Vec<usize>| {
            let days = || group.iter().filter_map(day);
            days().max().zip(days().min()).is_none_or(|(last, first)| last - first <= SLACK)
        };
        let ascend = |group: &Vec<usize>| group.iter().filter_map(day).is_sorted();
        let lies_within = |[from, own, to]: &[usize; 3]| {
            let days = day(own).zip(day(from)).zip(day(to));
            days.is_none_or(|((own, from), to)| (from - SLACK..=to + SLACK).contains(&own))
        };
        question.same_day.iter().all(one_day)
            && question.in_order.iter().all(ascend)
            && question.within.iter().all(lies_within)
    }

    /// Adds what later cells say.
    pub fn merge(&mut self, later: &Self) {
        self.values.merge(later.values);
        self.rows.merge(later.rows);
        self.window.merge(later.window);
        self.places.merge(later.places);
        self.past.merge(later.past);
        if self.doubtful.is_none() {
            self.doubtful.clone_from(&later.doubtful);
        }
        if self.habit.is_none() {
            self.habit.clone_from(&later.habit);
        }
    }

    /// Whether each order makes another day of some date.
    pub fn is_doubtful(&self) -> bool {
        self.doubtful.is_some()
    }

    /// The order that holds in the file, `None` where none of its dates needs one; or the sentence that asks for it.
    pub fn conclude(&self, question: &Question<'_>) -> Result<Option<Settled>, String> {
        let torn = |what: &str| {
            Err(format!("its dates have day and month in both orders: {what}; say which holds: --day-order dmy or mdy"))
        };
        let mut found = match self.values.verdict() {
            Verdict::Torn => return torn("some can only have the day first, others only the month"),
            Verdict::For(order) => Some(Settled::by(order, "dates that only one order allows")),
            Verdict::Silent => None,
        };
        let Some(doubtful) = &self.doubtful else { return Ok(found) };
        let rows = ("other dates of their rows", self.rows);
        let window = ("the window that was asked for", self.window);
        for (what, votes) in [rows, window] {
            let contradict = || torn(&format!("they are contradicted by {what}"));
            match votes.verdict() {
                Verdict::For(order) if found.as_ref().is_some_and(|found| found.order != order) => return contradict(),
                Verdict::For(order) => found = found.or_else(|| Some(Settled::by(order, what))),
                // A window may have been too short for the file, which doesn't matter where dates spoke for themselves.
                Verdict::Torn if found.is_none() || what == rows.0 => return contradict(),
                Verdict::Torn | Verdict::Silent => {}
            }
        }
        found.or_else(|| self.by_place(question)).or_else(|| self.by_past()).map(Some).ok_or_else(|| {
            format!(
                "its dates, such as {doubtful:?}, can have the day or the month first, and nothing else in the file or \
                 the request says which; say it: --day-order dmy or mdy"
            )
        })
    }

    fn by_place(&self, question: &Question<'_>) -> Option<Settled> {
        let habit = match (self.places.verdict(), &question.place) {
            (Verdict::For(order), Some(place)) if order != place.order => None,
            (Verdict::For(_), _) => self.habit.as_ref(),
            (Verdict::Silent, place) => place.as_ref(),
            (Verdict::Torn, _) => None,
        };
        habit.map(|habit| Settled::by(habit.order, &habit.known_by))
    }

    fn by_past(&self) -> Option<Settled> {
        match self.past.verdict() {
            Verdict::For(order) => Some(Settled::by(order, "nothing being later than its as-of")),
            Verdict::Torn | Verdict::Silent => None,
        }
    }
}

/// `5.1.2026` and its kin.
fn is_pointed(cell: &str) -> bool {
    if !cell.as_bytes().iter().take(3).any(|byte| *byte == b'.') {
        return false;
    }
    let date = cell.split_whitespace().next().unwrap_or_default();
    let mut parts = date.split('.');
    let mut number = |most| {
        parts.next().is_some_and(|part| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
    };
    number(2) && number(2) && number(4) && parts.next().is_none()
}
