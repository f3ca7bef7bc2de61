//! What every decoded row goes through, whatever the format: required columns, unit, month, tallies, batch.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sellerlake_contracts::{Error, Kind, Result, Window};
use sellerlake_schemas::{Column, Context, Source, Unit};

use super::DecodeRequest;
use super::cell::Value;
use super::columns::{BatchBuilder, decoded_schema};
use super::control::{ControlPlan, Sums};
use super::dates::{Dates, DatesPlan};
use super::future::{FuturePlan, micros_of};
use super::json::walk;
use super::moment::days_of;
use super::names::Names;
use super::outcome::{MAX_REJECTS, Outcome, Reject};
use super::places::{Places, PlacesPlan};
use super::refusal::{cut_off, refusal};
use super::sequence::Sequence;
use super::statements::Statements;
use super::twice::Once;
use super::units::{Asked, Placement, UnitPlan, index_of};
use super::whose::WhosePlan;

/// Longest unit key a rejected row is ascribed to, in bytes; longer ones are no keys.
const MAX_KEY_BYTES: usize = 1_024;
/// Longest rejected text that is kept, in characters.
const MAX_VALUE_CHARS: usize = 200;
/// Unknown names of one column that are told one by one.
const MAX_STRANGERS: usize = 100;
/// Days beyond the window that are told one by one.
const MAX_STRAYED: usize = 1_000;

/// Everything the rows of one delivery have in common. Shared between threads.
pub struct RowPlan<'a> {
    /// The declaration.
    pub source: &'a Source,
    /// The request.
    pub request: DecodeRequest<'a>,
    /// The window asked for, by the request or by the document's own account.
    pub window: Option<Window>,
    /// The as-of instant, where it is known before the rows are read.
    pub as_of: Option<DateTime<Utc>>,
    /// The schema of the batches.
    pub schema: SchemaRef,
    units: Vec<UnitPlan>,
    /// By row set: the first one with the same units. Sets without a unit of their own share the source's.
    groups: Vec<usize>,
    /// By row set: the columns its rows must have.
    required: Vec<Vec<usize>>,
    as_of_column: Option<usize>,
    controls: Vec<ControlPlan>,
    dates: DatesPlan,
    future: FuturePlan,
    places: PlacesPlan,
    sequence: Sequence,
    whose: WhosePlan,
    /// Columns whose texts name something, in lists kept by hand.
    names: Vec<(usize, Names)>,
}

impl<'a> RowPlan<'a> {
    /// Plans the decoding of a request whose window and as-of are settled: the request's own, or the document's.
    ///
    /// Flat files have one row set, number 0; JSON sources one per `rows`, in that order.
    /// `options` are those of the request that tell units apart, by column.
    /// [`Kind::Usage`](sellerlake_contracts::Kind::Usage) where a window is missing.
    pub fn new(
        request: &DecodeRequest<'a>,
        window: Option<Window>,
        as_of: Option<DateTime<Utc>>,
        options: &BTreeMap<String, String>,
    ) -> Result<Self> {
        let source = request.source;
        let asked = Asked { scope: &request.delivery.scope.0, window, as_of, apart: None };
        let whole = || UnitPlan::new(source, &source.unit, None, &asked);
        let mut units = source.rows.iter().map(|set| match &set.unit {
            Some(unit) => {
                let apart = set.apart.as_ref().map(|apart| options.get(&apart.column).unwrap_or(&apart.unless_stated));
                UnitPlan::new(source, unit, Some(&set.kind), &Asked { apart: apart.map(String::as_str), ..asked })
            }
            None => whole(),
        });
        let mut units = units.by_ref().collect::<Result<Vec<_>>>()?;
        if units.is_empty() {
            units.push(whole()?);
        }
        if as_of.is_none() && request.delivery.as_of.is_none() && source.as_of.is_none() {
            return Err(Error::permanent(Kind::Usage, format!("{} needs the as-of instant", source.name))
                .hint("say when the file was made: --as-of 2026-03-31T12:00:00Z"));
        }
        let mut required: Vec<Vec<usize>> = source.rows.iter().map(|set| walk::required(source, set)).collect();
        if required.is_empty() {
            let columns = source.columns.values().enumerate();
            required.push(columns.filter(|(_, column)| column.required).map(|(index, _)| index).collect());
        }
        let dropped = |column: &Column| column.pii && !request.allow_personal_data;
        for set in &mut required {
            set.retain(|index| !dropped(&source.columns[*index]));
        }
        Ok(Self {
            source,
            request: *request,
            window,
            as_of,
            schema: decoded_schema(source),
            units,
            groups: groups(source),
            required,
            as_of_column: source.as_of.as_deref().map(|name| index_of(source, name)).transpose()?,
            names: names(source),
            controls: source.controls.iter().map(|control| ControlPlan::new(source, control)).collect::<Result<_>>()?,
            dates: DatesPlan::new(source, window)?,
            future: FuturePlan::new(source, request.delivery.fetched_at),
            places: PlacesPlan::new(request),
            sequence: Sequence::of(source)?,
            whose: WhosePlan::new(request),
        })
    }

    /// The columns whose numbers declared sums prove.
    pub fn summed(&self) -> Vec<usize> {
        self.controls.iter().flat_map(ControlPlan::columns).collect()
    }

    /// The whole days of the window that were over when the document was made.
    pub fn days_over(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let made = self.as_of.unwrap_or(self.request.delivery.fetched_at).date_naive();
        self.window.into_iter().flat_map(|window| window.whole_days()).take_while(move |day| *day < made)
    }

    /// One value per declared column: those the request supplies, NULL for the rest.
    pub fn template(&self) -> Vec<Value<'static>> {
        self.source.columns.values().map(|column| self.context(column.from)).collect()
    }

    /// What of the request stands in for values rows don't have, by column.
    pub fn stand_ins(&self) -> Vec<(usize, Value<'static>)> {
        let columns = self.source.columns.values().enumerate().filter(|(_, column)| column.unless_stated.is_some());
        columns.map(|(index, column)| (index, self.context(column.unless_stated))).collect()
    }

    fn context(&self, from: Option<Context>) -> Value<'static> {
        let delivery = self.request.delivery;
        let text = |text: &str| Value::Text(text.to_owned().into());
        let day = |at: Option<DateTime<Utc>>| at.map_or(Value::Null, |at| Value::Day(days_of(at.date_naive())));
        match from {
            Some(Context::AsOf) => self.as_of.map_or(Value::Null, |at| Value::Instant(at.timestamp_micros())),
            Some(Context::AsOfDay) => day(self.as_of),
            Some(Context::Scope) => text(&delivery.scope.0),
            Some(Context::Marketplace) => match &delivery.marketplace {
                Some(marketplace) => text(marketplace.as_str()),
                None if self.source.scope == "marketplace" => text(&delivery.scope.0),
                None => Value::Null,
            },
            Some(Context::WindowFrom) => day(self.window.map(|window| window.from)),
            Some(Context::WindowTo) => self.window.map_or(Value::Null, |window| Value::Day(days_of(window.last_day()))),
            _ => Value::Null,
        }
    }
}

fn names(source: &Source) -> Vec<(usize, Names)> {
    let columns = source.columns.values().enumerate();
    columns.filter_map(|(index, column)| Some((index, Names::of(source, column)?))).collect()
}

fn groups(source: &Source) -> Vec<usize> {
    let shared = source.rows.iter().position(|set| set.unit.is_none()).unwrap_or(0);
    let mut groups: Vec<usize> = source
        .rows
        .iter()
        .map(|set| set.unit.is_none())
        .enumerate()
        .map(|(index, shares)| if shares { shared } else { index })
        .collect();
    if groups.is_empty() {
        groups.push(0);
    }
    groups
}

/// Whether rows can't be placed before the as-of instant is known.
pub fn needs_as_of_first(source: &Source) -> bool {
    let from_as_of = |from| matches!(from, Some(Context::AsOf | Context::AsOfDay));
    source.unit == Unit::AsOfDay
        || source.rows.iter().any(|set| set.unit == Some(Unit::AsOfDay))
        || source.month.as_deref() == Some("as_of")
        || source.columns.values().any(|column| from_as_of(column.from))
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// In the batch.
    Loaded,
    /// On a day the request did not wholly cover.
    Outside,
    /// Rejected, and counted so.
    Rejected,
}

/// Checks rows, places them in units and collects them in batches. One per thread; tallies are merged in order.
pub struct RowWriter<'p> {
    plan: &'p RowPlan<'p>,
    batch: BatchBuilder,
    key: String,
    /// A day and the first of its month: 1970-01-01 twice, to begin with.
    last_month: (i32, i32),
    /// The key is that of the row taken last.
    has_last: bool,
    /// Counts so far.
    pub tally: Tally,
}

impl<'p> RowWriter<'p> {
    /// A writer without rows.
    pub fn new(plan: &'p RowPlan<'p>) -> Self {
        let batch = BatchBuilder::new(plan.source, plan.schema.clone());
        Self { plan, batch, key: String::new(), last_month: (0, 0), has_last: false, tally: Tally::new(plan) }
    }

    /// Takes a row of row set `set`: one value per declared column, in order.
    ///
    /// Call [`RowWriter::take_full`] afterwards.
    pub fn accept(&mut self, set: usize, line: u64, values: &[Value<'_>], extra: Option<&str>) -> Fate {
        if let Some(column) = self.plan.required[set].iter().find(|column| values[**column].is_null()) {
            return self.refuse(set, line, *column, "is required and has no value", values);
        }
        if let Some(column) = self.plan.future.ahead(values) {
            return self.refuse(set, line, column, "lies after the moment it came", values);
        }
        if let Some((column, reason)) = self.plan.sequence.broken(self.plan.source, values) {
            return self.refuse(set, line, column, &reason, values);
        }
        let objection = || self.plan.whose.objection(self.plan.source, values);
        self.tally.objection = self.tally.objection.take().or_else(objection);
        let unit = &self.plan.units[set];
        self.has_last = false;
        match unit.place(values, &mut self.key) {
            Placement::Inside => {}
            Placement::Outside => {
                self.tally.outside_window += 1;
                if self.tally.dates.outside(&self.plan.dates, unit.ordinal(values))
                    && self.tally.strayed.len() < MAX_STRAYED
                {
                    unit.write_day(unit.ordinal(values), &mut self.key);
                    self.tally.strayed.insert(self.key.clone());
                }
                return Fate::Outside;
            }
            Placement::Unknown(column) => {
                return self.refuse(set, line, column, "decides the row's unit and has no value", values);
            }
        }
        let month = match unit.month(values, &mut self.last_month) {
            Ok(month) => month,
            Err(column) => return self.refuse(set, line, column, "decides the row's month and has no value", values),
        };
        self.tally.dates.see(&self.plan.dates, values);
        self.tally.places.see(&self.plan.places, self.plan.source, values);
        self.tally.count(self.plan, set, values, &self.key);
        if self.plan.source.one_row {
            self.tally.statements.add(self.plan.source, &self.key, line, values);
        }
        self.batch.push(&self.key, month, line, values, extra);
        self.has_last = true;
        Fate::Loaded
    }

    /// Adds a row that says what the document is about; unless it turned out to be about other days. Call it last.
    pub fn state(&mut self, set: usize, values: &[Value<'_>]) {
        let unit = &self.plan.units[set];
        self.has_last = false;
        if self.tally.dates.are_of_others() || unit.place(values, &mut self.key) != Placement::Inside {
            return;
        }
        if let Ok(month) = unit.month(values, &mut self.last_month) {
            self.tally.count(self.plan, set, values, &self.key);
            // Line 0 is that of markers, which stages don't see.
            self.batch.push(&self.key, month, 1, values, None);
        }
    }

    /// Whether [`RowWriter::accept`] would find nothing wrong with a row.
    pub fn would_accept(&mut self, set: usize, values: &[Value<'_>]) -> bool {
        self.has_last = false;
        let unit = &self.plan.units[set];
        self.plan.required[set].iter().all(|column| !values[*column].is_null())
            && !matches!(unit.place(values, &mut self.key), Placement::Unknown(_))
            && unit.month(values, &mut self.last_month).is_ok()
    }

    /// Whether these values name a unit.
    pub fn has_key(&mut self, set: usize, values: &[Value<'_>]) -> bool {
        self.has_last = false;
        !matches!(self.plan.units[set].place(values, &mut self.key), Placement::Unknown(_))
    }

    /// Ascribes damage to the row taken last, where that was the line before.
    pub fn blame_last(&mut self, set: usize) {
        if std::mem::take(&mut self.has_last) {
            self.blame_key(set);
        }
    }

    /// Says that rows of any unit may be missing.
    pub fn doubt_all(&mut self, set: usize) {
        self.tally.sets_incomplete.insert(self.plan.groups[set]);
    }

    /// Forgets the row taken last: what comes doesn't follow on it.
    pub fn forget_last(&mut self) {
        self.has_last = false;
    }

    fn refuse(&mut self, set: usize, line: u64, column: usize, reason: &str, values: &[Value<'_>]) -> Fate {
        let column = self.plan.source.columns.get_index(column).map(|(name, _)| name.clone());
        self.reject(set, Reject { line, column, reason: reason.to_owned(), value: None }, values);
        Fate::Rejected
    }

    /// Counts a rejected row of row set `set`; `values` are those that could be read (NULL elsewhere), from which
    /// its unit follows, if it does. The reject's value is cut to 200 characters; leaving out personal data is
    /// the caller's duty.
    pub fn reject(&mut self, set: usize, reject: Reject, values: &[Value<'_>]) {
        self.reject_all(&[set], reject, values);
    }

    /// Counts one rejected part of a document that could have held rows of several row sets.
    pub fn reject_all(&mut self, sets: &[usize], mut reject: Reject, values: &[Value<'_>]) {
        if let Some(value) = &mut reject.value
            && let Some((cut, _)) = value.char_indices().nth(MAX_VALUE_CHARS)
        {
            value.truncate(cut);
            value.shrink_to_fit();
        }
        self.tally.rejected += 1;
        if self.tally.rejects.len() < MAX_REJECTS {
            self.tally.rejects.push(reject);
        }
        for set in sets {
            self.blame(*set, values);
        }
    }

    fn blame(&mut self, set: usize, values: &[Value<'_>]) {
        let unit = &self.plan.units[set];
        self.has_last = false;
        let placement = match unit.place(values, &mut self.key) {
            Placement::Inside if self.key.len() > MAX_KEY_BYTES => Placement::Unknown(0),
            found => found,
        };
        match placement {
            Placement::Inside => self.blame_key(set),
            Placement::Outside => {}
            Placement::Unknown(_) if self.plan.source.strict => self.tally.hold_back_all = true,
            Placement::Unknown(_) => drop(self.tally.sets_incomplete.insert(self.plan.groups[set])),
        }
    }

    /// Ascribes damage to the unit whose key was written last.
    fn blame_key(&mut self, set: usize) {
        let hold = self.plan.source.strict || !self.plan.units[set].is_request_unit();
        let units = if hold { &mut self.tally.held_back } else { &mut self.tally.incomplete };
        units.insert(self.key.clone());
    }

    /// The counts since the last call.
    pub fn take_tally(&mut self) -> Tally {
        std::mem::replace(&mut self.tally, Tally::new(self.plan))
    }

    /// A batch, if enough rows have come together.
    pub fn take_full(&mut self) -> Result<Option<RecordBatch>> {
        if self.batch.is_full() { self.take_rest() } else { Ok(None) }
    }

    /// The remaining rows.
    pub fn take_rest(&mut self) -> Result<Option<RecordBatch>> {
        if self.batch.is_empty() { Ok(None) } else { self.batch.finish().map(Some) }
    }
}

/// Counts of a stretch of rows.
#[derive(Default)]
pub struct Tally {
    /// Rows in batches.
    pub rows: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// Rows of days the request did not wholly cover.
    pub outside_window: u64,
    /// Numbers rounded.
    pub rounded: u64,
    /// Records that came again, header lines among the rows.
    pub repeated: u64,
    /// Of the rejected lines, those that are only pieces of rows.
    pub pieces: u64,
    /// Records put together from several lines.
    pub joined: u64,
    /// Rows whose last cells were left out.
    pub padded: u64,
    /// The line in whose middle the file ends.
    pub cut_off: Option<u64>,
    /// The rest of the document was not read.
    pub given_up: bool,
    /// The last page asks for one more.
    pub more_follows: bool,
    /// Why the document must not be loaded, whatever it holds.
    pub objection: Option<String>,
    /// Unknown headers or paths, and how many of their cells held a value.
    pub drift: BTreeMap<String, u64>,
    /// The same for those that were dropped because their names are personal.
    pub dropped: BTreeMap<String, u64>,
    /// In lists kept by hand, by column: texts that name nothing anybody knows, and how often.
    pub strangers: BTreeMap<String, BTreeMap<String, u64>>,
    rejects: Vec<Reject>,
    held_back: BTreeSet<String>,
    hold_back_all: bool,
    incomplete: BTreeSet<String>,
    strayed: BTreeSet<String>,
    /// Row sets with a rejected row that may belong to any of their request units.
    sets_incomplete: BTreeSet<usize>,
    /// Request units with rows: row set and ordinal.
    seen: BTreeSet<(usize, i32)>,
    last_seen: Option<(usize, i32)>,
    as_of_micros: Option<i64>,
    dates: Dates,
    places: Places,
    sums: Vec<Sums>,
    statements: Statements,
}

impl Tally {
    fn new(plan: &RowPlan<'_>) -> Self {
        Self { sums: plan.controls.iter().map(|_| Sums::default()).collect(), ..Self::default() }
    }

    fn count(&mut self, plan: &RowPlan<'_>, set: usize, values: &[Value<'_>], key: &str) {
        self.rows += 1;
        let unit = &plan.units[set];
        if unit.is_request_unit() {
            let place = (plan.groups[set], unit.ordinal(values));
            if self.last_seen != Some(place) {
                self.last_seen = Some(place);
                self.seen.insert(place);
            }
        }
        if let Some(column) = plan.as_of_column {
            self.as_of_micros = self.as_of_micros.max(micros_of(&values[column]));
        }
        for (control, sums) in plan.controls.iter().zip(&mut self.sums) {
            sums.add(control, values, key);
        }
        for (column, names) in &plan.names {
            if let Value::Text(text) = &values[*column]
                && names.is_strange(text)
            {
                self.meet_stranger(&plan.source.columns[*column].name, text, 1);
            }
        }
    }

    fn meet_stranger(&mut self, column: &str, text: &str, times: u64) {
        let met = self.strangers.entry(column.to_owned()).or_default();
        if met.len() < MAX_STRANGERS || met.contains_key(text) {
            *met.entry(text.to_owned()).or_default() += times;
        }
    }

    /// Takes back rows of a flat file that were counted and then left out.
    pub fn take_back(&mut self, plan: &RowPlan<'_>, once: Once) {
        let rejected = once.contradicting.len() as u64;
        self.rows -= once.again + rejected;
        self.repeated += once.again;
        self.rejected += rejected;
        let hold = plan.source.strict || plan.source.has_column_units();
        let units = if hold { &mut self.held_back } else { &mut self.incomplete };
        for (unit, reject) in once.contradicting {
            units.insert(unit);
            self.rejects.push(reject);
        }
        self.rejects.sort_by_key(|reject| reject.line);
        self.rejects.truncate(MAX_REJECTS);
    }

    /// Adds the counts of the stretch that follows in the document.
    pub fn merge(&mut self, later: Self) {
        self.rows += later.rows;
        self.rejected += later.rejected;
        self.outside_window += later.outside_window;
        self.rounded += later.rounded;
        self.repeated += later.repeated;
        self.pieces += later.pieces;
        self.joined += later.joined;
        self.padded += later.padded;
        self.cut_off = self.cut_off.or(later.cut_off);
        self.given_up |= later.given_up;
        self.objection = self.objection.take().or(later.objection);
        for (own, later) in [(&mut self.drift, later.drift), (&mut self.dropped, later.dropped)] {
            for (name, count) in later {
                *own.entry(name).or_default() += count;
            }
        }
        for (column, met) in &later.strangers {
            met.iter().for_each(|(text, times)| self.meet_stranger(column, text, *times));
        }
        let room = MAX_REJECTS - self.rejects.len();
        self.rejects.extend(later.rejects.into_iter().take(room));
        self.held_back.extend(later.held_back);
        self.hold_back_all |= later.hold_back_all;
        self.incomplete.extend(later.incomplete);
        self.strayed.extend(later.strayed);
        self.sets_incomplete.extend(later.sets_incomplete);
        self.seen.extend(later.seen);
        self.as_of_micros = self.as_of_micros.max(later.as_of_micros);
        self.dates.merge(&later.dates);
        self.places.merge(later.places);
        self.statements.merge(later.statements);
        for (own, later) in self.sums.iter_mut().zip(later.sums) {
            own.merge(later);
        }
    }

    /// Draws the conclusions: empty and incomplete units, sums that don't match, refusal.
    /// The charset and decimal mark are left for the caller to fill in.
    pub fn finish(self, plan: &RowPlan<'_>) -> Outcome {
        let as_of = plan.as_of.or_else(|| self.as_of_micros.and_then(DateTime::from_timestamp_micros));
        let mut outcome = Outcome {
            rows: self.rows,
            rejected: self.rejected,
            outside_window: self.outside_window,
            rounded: self.rounded,
            repeated: self.repeated,
            joined: self.joined,
            padded: self.padded,
            cut_off: self.cut_off,
            more_follows: self.more_follows,
            drift: self.drift,
            dropped: self.dropped,
            strangers: self.strangers,
            rejects: self.rejects,
            held_back: self.held_back,
            hold_back_all: self.hold_back_all,
            incomplete: self.incomplete,
            strayed: self.strayed,
            as_of,
            window: plan.window,
            ..Outcome::default()
        };
        for (number, (control, sums)) in plan.controls.iter().zip(self.sums).enumerate() {
            let proven: BTreeMap<_, _> = sums.proven().map(|(unit, rows)| (unit.clone(), rows)).collect();
            match number {
                0 => outcome.proven = proven,
                _ => outcome.proven.retain(|unit, _| proven.contains_key(unit)),
            }
            outcome.unbalanced.extend(sums.unbalanced(control));
        }
        // A document that is about other days than those asked for, be it in part, says nothing of days it doesn't name.
        let asked = if self.dates.are_of_others() { &[][..] } else { &plan.units };
        for (set, unit) in asked.iter().enumerate().filter(|(set, _)| plan.groups[*set] == *set) {
            let doubtful = outcome.hold_back_all || self.sets_incomplete.contains(&set);
            for (ordinal, last_day, empty) in unit.asked() {
                if doubtful {
                    outcome.incomplete.insert(empty.unit);
                } else if !self.seen.contains(&(set, ordinal)) && !outcome.is_blemished(&empty.unit) {
                    if counts_as_empty(plan, as_of, last_day) {
                        outcome.empty.push(empty);
                    } else {
                        outcome.too_early += 1;
                    }
                }
            }
        }
        let elsewhere = || {
            let of_others = self.dates.are_of_others() && outcome.rows + outcome.rejected == 0;
            let dates = self.dates.elsewhere(&plan.dates, of_others);
            dates.or(self.objection).or_else(|| self.places.elsewhere(&plan.places, &plan.request))
        };
        let cut_off = self.cut_off.filter(|_| plan.units.iter().any(UnitPlan::is_request_unit)).map(cut_off);
        outcome.refused = cut_off.or_else(|| refusal(plan.source, &outcome, self.pieces)).or_else(elsewhere);
        if self.given_up && outcome.refused.is_none() {
            outcome.refused = Some("quotes don't match in most of the file".to_owned());
        }
        self.statements.settle(&mut outcome);
        outcome
    }
}

/// Amazon is late, not empty: an empty answer soon after the period's end says nothing.
fn counts_as_empty(plan: &RowPlan<'_>, as_of: Option<DateTime<Utc>>, last_day: chrono::NaiveDate) -> bool {
    let Some(hours) = plan.source.empty_counts_after_hours else { return true };
    let end = last_day.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::days(1);
    as_of.unwrap_or(plan.request.delivery.fetched_at) >= end + TimeDelta::hours(i64::from(hours))
}
