//! One document at a time: its records become rows, what nobody declared becomes drift, what can't be read a reject.

use std::borrow::Cow;

use chrono::{DateTime, NaiveTime, Utc};
use sellerlake_contracts::Result;
use sellerlake_schemas::{ColumnPath, ColumnType, Context, Segment, Source};

use crate::decode::Emit;
use crate::decode::cell::{CellFormat, Value};
use crate::decode::day_order::{self, Settled};
use crate::decode::halves::TWICE;
use crate::decode::json::known::{Drift, Extra, KnownShape};
use crate::decode::json::marks::{JsonMarks, document_paths};
use crate::decode::json::node::{Node, mend_surrogates, parse};
use crate::decode::json::repeats::{Hearing, Repeats};
use crate::decode::json::stated::{as_instant, stated_as_of, stated_once};
use crate::decode::json::stream::{JsonFault, JsonLayout, JsonStop, Record, Skeleton, records};
use crate::decode::json::walk::{Home, JsonRow, JsonRowPlan, scalar_at};
use crate::decode::moment::days_of;
use crate::decode::outcome::{Outcome, Reject};
use crate::decode::rows::{self, Fate, RowWriter};

/// A document, skimmed.
#[derive(Debug)]
pub(crate) struct JsonDocument<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) skeleton: Skeleton<'a>,
}

/// Whether a column's value may lie in a record of this list.
fn lies_in(list: &[Segment], paths: &[ColumnPath]) -> bool {
    paths.iter().any(|path| match path {
        ColumnPath::Document(path) => path.starts_with(list),
        ColumnPath::Enclosing(_) | ColumnPath::Names(_) => true,
    })
}

/// Reads the documents of one delivery.
pub(crate) struct Reader<'p, 'd> {
    plan: &'p rows::RowPlan<'p>,
    known: &'p KnownShape,
    layout: &'p JsonLayout<'p>,
    sets: &'p [JsonRowPlan<'p>],
    /// By list of the layout: its row sets; after the last, those whose record is the document.
    by_list: Vec<Vec<usize>>,
    cells: Cells<'p>,
    writer: RowWriter<'p>,
    drift: Drift,
    marks: JsonMarks,
    repeats: Repeats<'d>,
    /// By list: whether its records hold what tells them apart. One that lies outside of them is of all of them.
    identified: Vec<bool>,
    /// Where the token for the next page stands.
    next_page: Vec<Vec<Segment>>,
    /// Records so far.
    record: u64,
}

impl<'p, 'd> Reader<'p, 'd> {
    pub(crate) fn new(
        plan: &'p rows::RowPlan<'p>,
        known: &'p KnownShape,
        layout: &'p JsonLayout<'p>,
        sets: &'p [JsonRowPlan<'p>],
    ) -> Self {
        let is_read = |set: &usize| sets[*set].set.each_day.is_none();
        let of = |list| (0..sets.len()).filter(is_read).filter(|set| sets[*set].list() == list).collect();
        let mut by_list: Vec<Vec<usize>> = layout.lists.iter().map(|list| of(Some(*list))).collect();
        by_list.push(of(None));
        let (cells, writer) = (Cells::new(plan, sets), RowWriter::new(plan));
        let (marks, repeats) = (JsonMarks::new(plan.source), Repeats::new(plan.source));
        let drift = Drift::new(plan.source, plan.request.allow_personal_data);
        let next_page = document_paths(&plan.source.next_page);
        let identity = || plan.source.identity.iter().filter_map(|name| plan.source.columns.get(name));
        let mut identified: Vec<bool> =
            layout.lists.iter().map(|list| identity().all(|column| lies_in(list, &column.path))).collect();
        identified.push(true);
        Self {
            plan,
            known,
            layout,
            sets,
            by_list,
            cells,
            writer,
            drift,
            marks,
            repeats,
            identified,
            next_page,
            record: 0,
        }
    }

    /// Takes all rows of a document.
    pub(crate) fn read(&mut self, document: &JsonDocument<'d>, emit: &mut Emit<'_>) -> Result<(), JsonStop> {
        let skeleton = &document.skeleton;
        self.writer.tally.more_follows = self.next_page.iter().any(|path| scalar_at(&skeleton.node, path).is_some());
        if self.repeats.turn(document.bytes, skeleton.met) {
            self.skip(document)?;
            return Ok(());
        }
        if let Some(reason) = self.otherwise(&skeleton.node) {
            return Err(JsonStop::Foreign(reason));
        }
        if let Some(reason) = self.marks.look(&skeleton.node, &[]) {
            return Err(JsonStop::Foreign(reason));
        }
        let known_before = self.drift.total;
        let mut extra = Extra::default();
        self.known.unknown(&skeleton.node, &self.known.root(), &mut String::new(), &mut |path, value| {
            if self.drift.count(path) {
                extra.keep(path, value);
            }
        });
        for path in &skeleton.left_out {
            self.drift.count(path);
        }
        let found = self.document_rows(document, extra, emit)?;
        if !found && !skeleton.met && self.drift.total > known_before {
            return Err(JsonStop::Foreign(self.foreign(&skeleton.node)));
        }
        if !skeleton.met {
            return Ok(());
        }
        records(document.bytes, self.layout, &mut |record| self.record(&record, &skeleton.node, emit))?;
        if self.repeats.is_doubled() { Err(JsonStop::Foreign(TWICE.to_owned())) } else { Ok(()) }
    }

    /// Counts the records of a page that stood there before.
    fn skip(&mut self, document: &JsonDocument<'d>) -> Result<(), JsonStop> {
        records(document.bytes, self.layout, &mut |_| {
            self.record += 1;
            self.writer.tally.repeated += 1;
            Ok(())
        })
    }

    /// Rows of the sets whose record is the document itself. Whether there were any.
    fn document_rows(
        &mut self,
        document: &JsonDocument<'_>,
        extra: Extra<'_, '_>,
        emit: &mut Emit<'_>,
    ) -> Result<bool> {
        let Some(of_document) = self.by_list.last().filter(|sets| !sets.is_empty()).cloned() else { return Ok(false) };
        let skeleton = &document.skeleton;
        let line = self.record + 1;
        let mut taker = Taker { line, extra: extra.into_json(), spoilt: None, taken: false };
        if !skeleton.left_out.is_empty() {
            taker.spoilt = Some(format!("{} is too long", skeleton.left_out.join(", ")));
        }
        let home = Home { skeleton: &skeleton.node, record: &skeleton.node, way: &[], ordinal: 0 };
        let sets = self.sets;
        for set in of_document {
            let plan = &sets[set];
            plan.rows(home, &mut |row| {
                if plan.is_single() && !plan.is_there(row) { Ok(()) } else { self.row(set, row, &mut taker, emit) }
            })?;
        }
        self.record += u64::from(taker.taken);
        Ok(taker.taken)
    }

    fn record(&mut self, record: &Record<'d, '_>, skeleton: &Node<'_>, emit: &mut Emit<'_>) -> Result<(), JsonStop> {
        self.record += 1;
        let limit = self.plan.source.max_line_bytes();
        if record.text.len() > limit {
            let reason = format!("is {} bytes long, more than the {limit} allowed", record.text.len());
            let reject = Reject { line: self.record, column: None, reason, value: None };
            self.writer.reject_all(&self.by_list[record.list], reject, &self.cells.template);
            return Ok(());
        }
        let mended;
        let parsed = match parse(record.text) {
            Ok(parsed) => parsed,
            Err(error) => {
                let broken = || JsonStop::Broken(JsonFault::of(&error, record.text.as_bytes()).moved(record.at));
                mended = mend_surrogates(record.text).ok_or_else(broken)?;
                parse(&mended).map_err(|_| broken())?
            }
        };
        let home = Home { skeleton, record: &parsed.node, way: record.way, ordinal: record.ordinal };
        let told = self.tell(record, home)?;
        if told == Hearing::Again {
            self.writer.tally.repeated += 1;
            return Ok(());
        }
        let mut extra = Extra::default();
        let mut path = format!("{}[]", record.way.join("."));
        self.known.unknown(&parsed.node, &self.known.record(record.way), &mut path, &mut |path, value| {
            if self.drift.count(path) {
                extra.keep(path, value);
            }
        });
        if let Some(reason) = self.marks.look(&parsed.node, self.layout.lists[record.list]) {
            return Err(JsonStop::Foreign(reason));
        }
        let twice = || format!("stands there twice by its {}, and differs", self.plan.source.identity.join(", "));
        let spoilt = parsed.repeated.map(|name| format!("member {name:?} stands twice in one object"));
        let spoilt = spoilt.or_else(|| (told == Hearing::Contradicting).then(twice));
        let mut taker = Taker { line: self.record, extra: extra.into_json(), spoilt, taken: false };
        let sets = self.sets;
        for at in 0..self.by_list[record.list].len() {
            let set = self.by_list[record.list][at];
            sets[set].rows(home, &mut |row| self.row(set, row, &mut taker, emit))?;
        }
        Ok(())
    }

    /// What a record is to those before it, by the row that stands for all of it.
    fn tell(&mut self, record: &Record<'d, '_>, home: Home<'_, '_>) -> Result<Hearing> {
        if !self.repeats.are_told() {
            self.repeats.hear(record.way, record.text);
            return Ok(Hearing::New);
        }
        if !self.identified[record.list] {
            return Ok(Hearing::New);
        }
        let sets = self.sets;
        let mut of_list = self.by_list[record.list].iter();
        let whole = of_list.find(|set| sets[**set].set.path.0.len() == sets[**set].record_at);
        let Some(whole) = whole.copied() else { return Ok(Hearing::New) };
        let (cells, repeats) = (&self.cells, &mut self.repeats);
        let mut told = Hearing::New;
        sets[whole].rows(home, &mut |row| {
            let value = |column| cells.value(whole, column, row, &mut 0).unwrap_or(Value::Unreadable);
            let values: Vec<Value<'_>> = repeats.columns().map(value).collect();
            told = repeats.tell(&values, record.text);
            Ok(())
        })?;
        Ok(told)
    }

    fn row(&mut self, set: usize, row: &JsonRow<'_, '_>, taker: &mut Taker, emit: &mut Emit<'_>) -> Result<()> {
        taker.taken = true;
        let mut rounded = 0;
        let mut reject =
            taker.spoilt.clone().map(|reason| Reject { line: taker.line, column: None, reason, value: None });
        let mut values = Vec::with_capacity(self.cells.template.len());
        for (at, column) in self.sets[set].columns.iter().enumerate() {
            let value = match self.cells.value(set, at, row, &mut rounded) {
                Ok(value) => value,
                Err((reason, value)) => {
                    let name = column.column.name.clone();
                    let value = value.filter(|_| !column.column.pii);
                    reject.get_or_insert(Reject { line: taker.line, column: Some(name), reason, value });
                    Value::Unreadable
                }
            };
            values.push(value);
        }
        if let Some(reject) = reject {
            self.writer.reject(set, reject, &values);
            return Ok(());
        }
        if self.writer.accept(set, taker.line, &values, taker.extra.as_deref()) == Fate::Loaded {
            self.writer.tally.rounded += rounded;
            taker.extra = None;
        }
        if let Some(batch) = self.writer.take_full()? {
            emit(batch)?;
        }
        Ok(())
    }

    /// What the document states of itself that the source doesn't take.
    fn otherwise(&self, skeleton: &Node<'_>) -> Option<String> {
        self.plan.source.columns.values().filter(|column| !column.only.is_empty()).find_map(|column| {
            let stated = stated_once(column, skeleton)?;
            let taken = column.only.iter().any(|only| only.eq_ignore_ascii_case(&stated));
            let (source, only) = (&self.plan.source.name, column.only.join(" or "));
            (!taken).then(|| format!("its {} is {stated:?}, and {source} takes {only} alone", column.name))
        })
    }

    /// A document that holds none of the places where rows are, but things nobody declared.
    fn foreign(&self, skeleton: &Node<'_>) -> String {
        let errors = skeleton.member("errors").map(|errors| errors.elements().first().unwrap_or(errors));
        if let Some(error) = errors {
            let part = |name: &str| error.member(name).and_then(|part| scalar_at(part, &[])).unwrap_or_default();
            return format!("the document is an error message, not data: {} {}", part("code"), part("message"));
        }
        let read = self.sets.iter().filter(|set| set.set.each_day.is_none());
        let paths: Vec<String> = read.map(|set| set.set.path.to_string()).collect();
        format!("the document has none of the places where {} has rows: {}", self.plan.source.name, paths.join(", "))
    }

    /// The rows that say which days the document is about.
    fn days(&mut self) {
        for (set, plan) in self.sets.iter().enumerate() {
            let columns = &self.plan.source.columns;
            let Some(at) = plan.set.each_day.as_ref().and_then(|name| columns.get_index_of(name)) else { continue };
            for day in self.plan.days_over() {
                let mut values: Vec<Value<'_>> = self.cells.template.iter().map(borrowed).collect();
                values[at] = match columns[at].column_type {
                    ColumnType::Date => Value::Day(days_of(day)),
                    _ => Value::Instant(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros()),
                };
                let kinds = columns.values().enumerate().filter(|(_, column)| column.from == Some(Context::RowKind));
                kinds.for_each(|(kind, _)| values[kind] = Value::Text(Cow::Borrowed(&plan.set.kind)));
                self.writer.state(set, &values);
            }
        }
    }

    /// Hands out the remaining rows and draws the conclusions.
    pub(crate) fn finish(mut self, emit: &mut Emit<'_>) -> Result<Outcome> {
        self.days();
        if let Some(batch) = self.writer.take_rest()? {
            emit(batch)?;
        }
        if self.writer.tally.more_follows {
            (0..self.sets.len()).for_each(|set| self.writer.doubt_all(set));
        }
        self.writer.tally.drift = self.drift.kept;
        self.writer.tally.dropped = self.drift.dropped;
        let mut outcome = self.writer.tally.finish(self.plan);
        if outcome.refused.is_none() && self.record > 0 {
            outcome.refused = self.marks.missing();
        }
        if outcome.refused.is_some() {
            outcome.empty.clear();
        }
        Ok(outcome)
    }
}

/// Reads single cells.
struct Cells<'p> {
    sets: &'p [JsonRowPlan<'p>],
    formats: Vec<CellFormat>,
    /// What the request supplies.
    template: Vec<Value<'static>>,
    allow_personal_data: bool,
}

impl<'p> Cells<'p> {
    fn new(plan: &rows::RowPlan<'_>, sets: &'p [JsonRowPlan<'p>]) -> Self {
        let mut formats = CellFormat::all(plan.source);
        if let Some(Settled { order, .. }) = day_order::named(&plan.request) {
            formats.iter_mut().for_each(|format| format.moments.decide(order));
        }
        let allow_personal_data = plan.request.allow_personal_data;
        Self { sets, formats, template: plan.template(), allow_personal_data }
    }

    /// A row's value in the column at this position, or what is wrong, and with which text.
    fn value<'v>(
        &'v self,
        set: usize,
        at: usize,
        row: &JsonRow<'v, '_>,
        rounded: &mut u64,
    ) -> Result<Value<'v>, (String, Option<String>)> {
        let plan = &self.sets[set].columns[at];
        let column = plan.column;
        let text = |text: &str| Ok(Value::Text(Cow::Owned(text.to_owned())));
        match column.from {
            None => {}
            Some(Context::RowKind) => return Ok(Value::Text(Cow::Borrowed(&self.sets[set].set.kind))),
            Some(Context::PartOrdinal) => {
                let part = row.part_ordinal().filter(|_| self.sets[set].is_in_a_part());
                return Ok(part.map_or(Value::Null, |part| Value::Int(part as i64)));
            }
            Some(Context::Ordinal) => return Ok(Value::Int(row.ordinal() as i64)),
            Some(Context::NodePath) => {
                let path = row.node_path();
                return if path.is_empty() { Ok(Value::Null) } else { text(&path) };
            }
            Some(Context::Key) => return row.any_key().map_or(Ok(Value::Null), text),
            Some(_) => return Ok(borrowed(&self.template[at])),
        }
        if column.pii && !self.allow_personal_data {
            return Ok(Value::Null);
        }
        let cell = plan.cell(row).map_err(|unfit| (unfit.0, None))?;
        let refuse = |text: &str, reason: &str| (reason.to_owned(), Some(text.to_owned()));
        match cell {
            None => Ok(Value::Null),
            Some(json) if column.column_type == ColumnType::Json => Ok(Value::Text(json)),
            Some(Cow::Borrowed(text)) => self.formats[at].read(text, rounded).map_err(|fault| refuse(text, &fault.0)),
            Some(Cow::Owned(text)) => match self.formats[at].read(&text, rounded) {
                Ok(value) => Ok(value.into_owned()),
                Err(fault) => Err(refuse(&text, &fault.0)),
            },
        }
    }
}

/// What the rows of one record have in common.
struct Taker {
    line: u64,
    /// Goes to the first row that loads.
    extra: Option<String>,
    /// Why none of the rows can be trusted.
    spoilt: Option<String>,
    taken: bool,
}

fn borrowed<'v>(value: &'v Value<'static>) -> Value<'v> {
    match value {
        Value::Text(text) => Value::Text(Cow::Borrowed(text)),
        other => other.clone(),
    }
}

impl JsonDocument<'_> {
    /// The greatest value of the source's as-of column, in the document or its rows.
    pub(crate) fn as_of(
        &self,
        source: &Source,
        layout: &JsonLayout<'_>,
        sets: &[JsonRowPlan<'_>],
    ) -> Result<Option<DateTime<Utc>>, JsonFault> {
        let mut found = stated_as_of(source, &self.skeleton.node);
        let Some(at) = source.as_of.as_deref().and_then(|name| source.columns.get_index_of(name)) else {
            return Ok(found);
        };
        let format = CellFormat::new(&source.columns[at]);
        let read = records(self.bytes, layout, &mut |record| {
            let Ok(parsed) = parse(record.text) else { return Ok(()) };
            let skeleton = &self.skeleton.node;
            let home = Home { skeleton, record: &parsed.node, way: record.way, ordinal: record.ordinal };
            for set in sets.iter().filter(|set| set.list() == Some(layout.lists[record.list])) {
                set.rows(home, &mut |row| {
                    let cell = set.columns[at].cell(row).ok().flatten();
                    let value =
                        cell.and_then(|text| format.read(&text, &mut 0).ok().and_then(|value| as_instant(&value)));
                    found = found.max(value);
                    Ok(())
                })?;
            }
            Ok(())
        });
        match read {
            Err(JsonStop::Broken(fault)) => Err(fault),
            _ => Ok(found),
        }
    }
}
