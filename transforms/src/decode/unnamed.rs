//! Columns of a list kept by hand that its source doesn't know. One that says what a line holds for, under a name of the
//! user's own, would leave the line holding for everything.

use std::sync::Arc;

use sellerlake_schemas::{ColumnType, Knowledge, Named, Source, Unit};

use super::cell::CellFormat;
use super::header::Header;

/// What a list's unknown columns can't be told to leave out.
pub struct UnnamedPlan {
    knowledge: Arc<Knowledge>,
    /// Columns that make a line's unit or its currency, and that the header lacks.
    lacking: Vec<(String, Sense)>,
    /// How days are read, where the list has any.
    days: Option<CellFormat>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sense {
    Place,
    Currency,
    Day,
    Word,
}

impl UnnamedPlan {
    /// The plan for a list with this header; `None` for what isn't kept by hand, or where every column is known.
    pub fn new(source: &Source, header: &Header, formats: &[CellFormat]) -> Option<Self> {
        if !source.by_hand || header.unknown.is_empty() {
            return None;
        }
        let Unit::Columns(unit) = &source.unit else { return None };
        let has = |column: usize| header.targets.iter().any(|target| target.column() == Some(column));
        let columns = || source.columns.values().enumerate();
        let lacking = columns().filter(|(index, column)| column.from.is_none() && !has(*index));
        let lacking = lacking.filter_map(|(_, column)| {
            let is_of_unit = unit.contains(&column.name);
            let sense = match (column.names, column.column_type) {
                (Some(Named::Currency), _) => Sense::Currency,
                (Some(_), _) if is_of_unit => Sense::Place,
                (None, ColumnType::Date | ColumnType::Timestamp) if is_of_unit => Sense::Day,
                (None, ColumnType::Text) if is_of_unit => Sense::Word,
                _ => return None,
            };
            Some((column.name.clone(), sense))
        });
        let is_day = |name: &String| source.columns.get(name).is_some_and(|column| is_time(column.column_type));
        let day = unit.iter().find(|name| is_day(name)).and_then(|name| source.columns.get_index_of(name));
        let days = day.and_then(|day| formats.get(day)).cloned();
        Some(Self { knowledge: Arc::clone(&source.knowledge), lacking: lacking.collect(), days })
    }

    /// What a cell of an unknown column may say, as the sentence with which the list is refused; `None` where it can't
    /// say what its line holds for.
    pub fn objection(&self, source: &Source, header: &str, cell: &str) -> Option<String> {
        let sense = self.sense(cell);
        let meant = self.lacking.iter().find(|(_, lacking)| Some(*lacking) == sense);
        let meant = meant.or_else(|| self.lacking.iter().find(|(_, lacking)| *lacking == Sense::Word && is_word(cell)));
        let (could, remedy) = match meant {
            Some((name, _)) => (format!("could be {name}"), format!("name it {name}")),
            None if sense == Some(Sense::Day) => (
                "could bound what a line says".to_owned(),
                "put what holds from a later day on in a line of its own".to_owned(),
            ),
            None => return None,
        };
        Some(format!(
            "the header has {header:?}, which no {} file has and which {could}: a line has {cell:?} there; say it in a \
             column that is known ({remedy}), or leave it out",
            source.name
        ))
    }

    fn sense(&self, cell: &str) -> Option<Sense> {
        let is_code = |length: usize| cell.len() == length && cell.bytes().all(|byte| byte.is_ascii_uppercase());
        let is_day = |format: &CellFormat| format.moments.readings(cell).is_some() || format.moments.day(cell).is_ok();
        if self.knowledge.place(cell).is_some() || is_code(2) {
            Some(Sense::Place)
        } else if is_code(3) && self.knowledge.is_currency(cell) {
            Some(Sense::Currency)
        } else {
            self.days.as_ref().is_some_and(is_day).then_some(Sense::Day)
        }
    }
}

fn is_time(column_type: ColumnType) -> bool {
    matches!(column_type, ColumnType::Date | ColumnType::Timestamp)
}

/// A word by itself, as an article's name in a seller's books is; no number and no sentence.
fn is_word(cell: &str) -> bool {
    !cell.contains(char::is_whitespace) && cell.contains(char::is_alphabetic)
}
