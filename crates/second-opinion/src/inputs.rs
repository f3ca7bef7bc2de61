//! What a rollup's month is worked out from.

use std::collections::BTreeMap;
use std::ops::Deref;

use polars_core::prelude::{BooleanChunked, ChunkCompareIneq, ChunkFull, Column, DataFrame};
use sellerlake_contracts::Month;

use crate::declared::Places;
use crate::failure::{Outcome, unexpected};

/// Tables by name, as far as one month needs them.
pub(crate) struct Inputs<'a> {
    /// The month worked out.
    pub(crate) month: Month,
    /// Amazon's marketplaces.
    pub(crate) places: &'a Places,
    /// Rows read.
    pub(crate) tables: BTreeMap<&'static str, DataFrame>,
}

impl Inputs<'_> {
    /// The rows read of a table.
    pub(crate) fn table(&self, name: &str) -> Outcome<Rows> {
        self.tables.get(name).cloned().map(Rows).ok_or_else(|| unexpected(format!("{name} wasn't read")))
    }

    /// Those whose day lies in the month.
    pub(crate) fn of_month(&self, name: &str, day: &str) -> Outcome<Rows> {
        let rows = self.table(name)?;
        let days = rows.column(day)?.date()?.physical();
        let is_after = days.gt_eq(self.first_day());
        rows.picked(&(is_after & days.lt(days_since_1970(self.month.plus(1)))))
    }

    /// The month's first day, in days since 1970.
    pub(crate) fn first_day(&self) -> i32 {
        days_since_1970(Some(self.month))
    }

    /// The column of currencies, a missing one being the marketplace's.
    pub(crate) fn with_currency(&self, rows: &Rows) -> Outcome<Rows> {
        let both = rows.texts("currency")?.into_iter().zip(rows.texts("marketplace_id")?);
        let known = both.map(|(currency, id)| currency.or_else(|| Some(self.places.get(id)?.currency.as_str())));
        let known: Vec<Option<&str>> = known.collect();
        let column = Column::new("currency".into(), known);
        let mut rows = rows.0.clone();
        rows.with_column(column)?;
        Ok(Rows(rows))
    }
}

fn days_since_1970(month: Option<Month>) -> i32 {
    let first = month.map_or(chrono::NaiveDate::MAX, Month::first_day);
    first.signed_duration_since(chrono::NaiveDate::default()).num_days() as i32
}

/// Rows and the masks that pick some of them. A mask picks where it is true, not where it is unknown.
#[derive(Clone)]
pub(crate) struct Rows(pub(crate) DataFrame);

impl Deref for Rows {
    type Target = DataFrame;
    fn deref(&self) -> &DataFrame {
        &self.0
    }
}

impl Rows {
    /// The rows a mask picks.
    pub(crate) fn picked(&self, mask: &BooleanChunked) -> Outcome<Self> {
        self.0.filter(mask).map(Self)
    }

    /// The texts of a column.
    pub(crate) fn texts(&self, column: &str) -> Outcome<Vec<Option<&str>>> {
        Ok(self.0.column(column)?.str()?.iter().collect())
    }

    /// Where a text is known and fulfils a condition.
    pub(crate) fn texts_that(&self, column: &str, is: impl Fn(&str) -> bool) -> Outcome<BooleanChunked> {
        Ok(self.texts(column)?.into_iter().map(|text| Some(text.is_some_and(&is))).collect())
    }

    /// Where a text is one of these.
    pub(crate) fn one_of(&self, column: &str, texts: &[&str]) -> Outcome<BooleanChunked> {
        self.texts_that(column, |text| texts.contains(&text))
    }

    /// Where a flag is known and set.
    pub(crate) fn set(&self, column: &str) -> Outcome<BooleanChunked> {
        Ok(self.0.column(column)?.bool()?.iter().map(|flag| Some(flag == Some(true))).collect())
    }

    /// Where a value is unknown.
    pub(crate) fn unknown(&self, column: &str) -> Outcome<BooleanChunked> {
        Ok(self.0.column(column)?.is_null())
    }

    /// Where an amount is known and not 0.
    pub(crate) fn not_zero(&self, column: &str) -> Outcome<BooleanChunked> {
        let amounts = self.0.column(column)?.decimal()?.physical();
        Ok(amounts.iter().map(|amount| Some(amount.is_some_and(|amount| amount != 0))).collect())
    }

    /// Everywhere.
    pub(crate) fn all(&self) -> BooleanChunked {
        BooleanChunked::full("".into(), true, self.0.height())
    }
}
