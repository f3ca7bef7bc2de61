//! Flat files: charset, header, a survey of the whole file, then its lines, on several threads where they
//! don't depend on each other.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::mpsc::sync_channel;

use arrow::record_batch::RecordBatch;
use chrono::DateTime;
use sellerlake_contracts::{Error, Kind, Result};

use super::cell::{CellFormat, Value};
use super::charset::{self, Charset};
use super::chunk::{self, CHUNK_BYTES, Chunk};
use super::day_order;
use super::evidence::Evidence;
use super::halves::{TWICE, is_doubled};
use super::header::Header;
use super::layout::Layout;
use super::line::{Line, LinePlan, LineReader};
use super::notation;
use super::number::Mark;
use super::quoted::{Broken, Found, Records};
use super::rows::{RowPlan, Tally, needs_as_of_first};
use super::spreadsheet;
use super::survey::Survey;
use super::twice::Once;
use super::{DecodeRequest, Emit, Outcome};

/// Decodes a flat file.
pub fn decode(request: &DecodeRequest<'_>, bytes: &[u8], emit: &mut Emit<'_>) -> Result<Outcome> {
    let delivery = request.delivery;
    let rows = RowPlan::new(request, delivery.window, delivery.as_of, &BTreeMap::new())?;
    let detected = match charset::detect(request, bytes) {
        Ok(detected) => detected,
        Err(sentence) => return Ok(refused(&rows, None, sentence)),
    };
    let charset = detected.charset;
    let file = match File::open(&rows, charset, &detected.bytes) {
        Ok(file) => file,
        Err(sentence) => return Ok(refused(&rows, Some(charset), sentence)),
    };
    file.decode(emit)
}

/// Whether the first line of `bytes` is a header of the request's source.
pub fn has_header_of(request: &DecodeRequest<'_>, bytes: &[u8]) -> bool {
    let delivery = request.delivery;
    let Ok(rows) = RowPlan::new(request, delivery.window, delivery.as_of, &BTreeMap::new()) else { return false };
    charset::detect(request, bytes).is_ok_and(|detected| File::open(&rows, detected.charset, &detected.bytes).is_ok())
}

fn refused(rows: &RowPlan<'_>, charset: Option<Charset>, sentence: String) -> Outcome {
    Outcome {
        refused: Some(sentence),
        as_of: rows.as_of,
        window: rows.window,
        charset: charset.map_or(String::new(), Charset::name),
        charset_guessed: charset.is_some_and(|charset| charset.guessed),
        ..Outcome::default()
    }
}

/// A flat file whose header has been read.
struct File<'a> {
    rows: &'a RowPlan<'a>,
    charset: Charset,
    bytes: &'a [u8],
    header: Header,
    /// Whether quotes quote: as declared, because every header cell is quoted, or because a spreadsheet saved the file.
    quoting: bool,
    /// Where the line after the header starts, and its number.
    body: (usize, u64),
}

impl<'a> File<'a> {
    /// Reads the header under each separator the source may have: the one that makes most of it known is the file's.
    /// An error is the sentence with which the file is refused, under the separator that its first line has most of.
    fn open(rows: &'a RowPlan<'a>, charset: Charset, bytes: &'a [u8]) -> Result<Self, String> {
        let line = &bytes[..memchr::memchr(b'\n', bytes).unwrap_or(bytes.len())];
        let mut delimiters: Vec<u8> = rows.source.delimiters().collect();
        delimiters.sort_by_key(|delimiter| std::cmp::Reverse(memchr::memchr_iter(*delimiter, line).count()));
        let found = delimiters.into_iter();
        let mut found = found.map(|delimiter| Self::separated_by(delimiter, rows, charset, bytes));
        let mut best = found.next().unwrap_or_else(|| Err("the source has no separator".to_owned()));
        for other in found.flatten() {
            if best.as_ref().map_or(0, |best| best.header.known()) < other.header.known() {
                best = Ok(other);
            }
        }
        best.map(Self::with_quotes_told)
    }

    /// The same file, quotes taken for what its cells tell them to be.
    fn with_quotes_told(mut self) -> Self {
        self.quoting = self.quoting || spreadsheet::has_quoted(self.records(usize::MAX, true), self.header.delimiter);
        self
    }

    fn separated_by(delimiter: u8, rows: &'a RowPlan<'a>, charset: Charset, bytes: &'a [u8]) -> Result<Self, String> {
        let source = rows.source;
        let limit = source.max_line_bytes();
        let mut quoting = source.quoting();
        let mut records = Records::new(bytes, 0, 1, delimiter, limit, usize::MAX);
        if !quoting {
            records.ignore_quotes();
        }
        let mut found = records.advance();
        if !quoting && records.fields.iter().all(|field| field.is_wrapped(bytes)) {
            // Somebody's spreadsheet has saved the file: it quotes what it likes.
            quoting = true;
            records = Records::new(bytes, 0, 1, delimiter, limit, usize::MAX);
            found = records.advance();
        }
        match found {
            Found::Record(_) => {}
            Found::End => return Err("the file is empty: it has no header line".to_owned()),
            Found::Broken(..) => {
                return Err(format!("the first line is no header: it is longer than {limit} bytes or quoted wrongly"));
            }
        }
        let texts: Vec<Cow<'_, str>> = records.fields.iter().map(|field| field.text_lossy(bytes, charset)).collect();
        let cells: Vec<&str> = texts.iter().map(|text| text.trim_end_matches('\r')).collect();
        let header = Header::read(source, &cells, delimiter, rows.request.allow_personal_data)?;
        if records.is_open() && !bytes.ends_with(b"\n") {
            return Err("the file ends with its header line, and within it: it was cut off on its way".to_owned());
        }
        Ok(Self { rows, charset, bytes, header, quoting, body: records.position() })
    }

    fn decode(&self, emit: &mut Emit<'_>) -> Result<Outcome> {
        let source = self.rows.source;
        if source.identity.is_empty() && is_doubled(&self.bytes[self.body.0..]) {
            return Ok(refused(self.rows, Some(self.charset), TWICE.to_owned()));
        }
        let threads = self.rows.request.threads;
        let mut chunks = chunk::split(self.bytes, self.body.0);
        let mut formats = CellFormat::all(source);
        let survey = Survey {
            rows: self.rows,
            header: &self.header,
            formats: &formats,
            charset: self.charset,
            bytes: self.bytes,
            seeks_as_of: self.rows.as_of.is_none() && needs_as_of_first(source),
        };
        let wanted = survey.wanted();
        let evidence = if self.quoting {
            survey.records(self.records(self.header.targets.len(), true), &wanted)
        } else {
            survey.lines(&chunks, wanted.clone())
        };
        let settled = match evidence.order(&wanted) {
            Ok(settled) => settled.or_else(|| day_order::named(&self.rows.request)),
            Err(sentence) => return Ok(refused(self.rows, Some(self.charset), sentence)),
        };
        let order = settled.as_ref().map(|settled| settled.order);
        let said = notation::named(self.rows.request.delivery);
        let mark = said.or_else(|| evidence.mark(&wanted));
        evidence.decide(&mut formats, order, mark.unwrap_or_default());
        if !self.quoting {
            chunk::number_lines(self.bytes, &mut chunks, self.body.1, threads);
        }
        let as_of = self.rows.as_of.or_else(|| evidence.as_of_micros(order).and_then(DateTime::from_timestamp_micros));
        let rows = RowPlan::new(&self.rows.request, self.rows.window, as_of, &BTreeMap::new())?;
        let records = self.records(usize::MAX, self.quoting);
        let layout = Layout::new(&rows, &self.header, self.quoting, records, self.charset, &formats);
        let formats = if mark.is_some() {
            self.cross_check(&rows, &layout, &chunks, &evidence, formats)?
        } else {
            match self.proven(&rows, &layout, &chunks, &formats)? {
                Some(formats) => formats,
                None => return Ok(refused(self.rows, Some(self.charset), evidence.question())),
            }
        };
        let decimal_comma = said == Some(Mark::Comma) || evidence.has_comma(&formats);
        let plan = LinePlan::new(&rows, self.header.clone(), formats, &layout);
        let tally = self.run_once(&plan, &chunks, emit)?;
        let mut outcome = tally.finish(&rows);
        outcome.charset = self.charset.name();
        outcome.charset_guessed = self.charset.guessed;
        outcome.decimal_comma = decimal_comma;
        outcome.day_order = settled;
        Ok(outcome)
    }

    fn records(&self, width: usize, quoting: bool) -> Records<'a> {
        let (start, line) = self.body;
        let limit = self.rows.source.max_line_bytes();
        let mut records = Records::new(self.bytes, start, line, self.header.delimiter, limit, width);
        if !quoting {
            records.ignore_quotes();
        }
        records
    }

    /// Where numbers leave open how they are read, the declared sums have the last word.
    fn cross_check(
        &self,
        rows: &RowPlan<'_>,
        layout: &Layout<'_>,
        chunks: &[Chunk],
        evidence: &Evidence,
        formats: Vec<CellFormat>,
    ) -> Result<Vec<CellFormat>> {
        let summed = rows.summed();
        let alternatives = evidence.alternatives(&formats, &summed);
        if summed.is_empty() || alternatives.is_empty() {
            return Ok(formats);
        }
        let outcome = |formats: &[CellFormat]| {
            let plan = LinePlan::new(rows, self.header.clone(), formats.to_vec(), layout);
            self.run(&plan, chunks, &mut |_| Ok(())).map(|tally| tally.finish(rows))
        };
        let decided = outcome(&formats)?;
        if decided.unbalanced.is_empty() && decided.held_back.is_empty() {
            return Ok(formats);
        }
        for alternative in alternatives {
            let found = outcome(&alternative)?;
            if found.unbalanced.is_empty() && found.rejected <= decided.rejected {
                return Ok(alternative);
            }
        }
        Ok(formats)
    }

    /// Where nothing tells the decimal mark, the one with which the declared sums match, if only one of them does.
    fn proven(
        &self,
        rows: &RowPlan<'_>,
        layout: &Layout<'_>,
        chunks: &[Chunk],
        formats: &[CellFormat],
    ) -> Result<Option<Vec<CellFormat>>> {
        if rows.summed().is_empty() {
            return Ok(None);
        }
        let mut found = None;
        for mark in [Mark::Point, Mark::Comma] {
            let formats = Evidence::with_mark(formats, mark);
            let plan = LinePlan::new(rows, self.header.clone(), formats.clone(), layout);
            let outcome = self.run(&plan, chunks, &mut |_| Ok(()))?.finish(rows);
            if outcome.is_whole() && !outcome.proven.is_empty() && found.replace(formats).is_some() {
                return Ok(None);
            }
        }
        Ok(found)
    }

    /// Rows that tell themselves apart are handed out once.
    fn run_once(&self, plan: &LinePlan<'_>, chunks: &[Chunk], emit: &mut Emit<'_>) -> Result<Tally> {
        let Some(mut once) = Once::of(plan.rows.source) else { return self.run(plan, chunks, emit) };
        let mut tally = self.run(plan, chunks, &mut |batch| emit(once.pass(batch)?))?;
        tally.take_back(plan.rows, once);
        Ok(tally)
    }

    fn run(&self, plan: &LinePlan<'_>, chunks: &[Chunk], emit: &mut Emit<'_>) -> Result<Tally> {
        let threads = plan.rows.request.threads.min(chunks.len());
        if self.quoting {
            return self.run_records(plan, emit);
        }
        if threads > 1 && !plan.is_sequential() {
            return self.run_parallel(plan, chunks, threads, emit);
        }
        let mut reader = LineReader::new(plan);
        for chunk in chunks {
            self.chunk(plan, chunk, &mut reader, emit)?;
        }
        finish(&mut reader, emit)
    }

    /// Chunks in turn to each thread, results taken in turn from each: the order of the file, and never more
    /// than two finished chunks a thread in memory.
    fn run_parallel(
        &self,
        plan: &LinePlan<'_>,
        chunks: &[Chunk],
        threads: usize,
        emit: &mut Emit<'_>,
    ) -> Result<Tally> {
        let decode_chunk = |chunk: &Chunk, reader: &mut LineReader<'_>| -> Result<(Vec<RecordBatch>, Tally)> {
            let mut batches = Vec::new();
            let mut keep = |batch| {
                batches.push(batch);
                Ok(())
            };
            self.chunk(plan, chunk, reader, &mut keep)?;
            let tally = finish(reader, &mut keep)?;
            Ok((batches, tally))
        };
        std::thread::scope(|scope| {
            let decode_chunk = &decode_chunk;
            let mut receivers = Vec::with_capacity(threads);
            for first in 0..threads {
                let (sender, receiver) = sync_channel(1);
                receivers.push(receiver);
                scope.spawn(move || {
                    let mut reader = LineReader::new(plan);
                    let mut own = chunks.iter().skip(first).step_by(threads);
                    while own.next().is_some_and(|chunk| sender.send(decode_chunk(chunk, &mut reader)).is_ok()) {}
                });
            }
            let mut total: Option<Tally> = None;
            for index in 0..chunks.len() {
                let received = receivers[index % threads].recv();
                let lost = |_| Error::permanent(Kind::Internal, "a decoding thread stopped").at("decode.run");
                let (batches, tally) = received.map_err(lost)??;
                batches.into_iter().try_for_each(&mut *emit)?;
                match &mut total {
                    Some(total) => total.merge(tally),
                    None => total = Some(tally),
                }
            }
            Ok(total.unwrap_or_default())
        })
    }

    fn chunk(
        &self,
        plan: &LinePlan<'_>,
        chunk: &Chunk,
        reader: &mut LineReader<'_>,
        emit: &mut Emit<'_>,
    ) -> Result<()> {
        let bytes = &self.bytes[chunk.range.clone()];
        let limit = plan.rows.source.max_line_bytes();
        let is_regular = bytes.len() <= CHUNK_BYTES + limit && memchr::memchr(0, bytes).is_none();
        if let Some(text) = is_regular.then(|| self.charset.decode(bytes)).flatten() {
            return regular_lines(plan, &text, chunk.first_line, reader, emit);
        }
        let mut number = chunk.first_line;
        let mut start = 0;
        while start < bytes.len() {
            let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
            let is_open = end == bytes.len() && !bytes.ends_with(b"\r");
            self.irregular_line(plan, &bytes[start..end], (number, is_open), reader, emit)?;
            number += 1;
            start = end + 1;
        }
        reader.end();
        Ok(())
    }

    /// A line that may be too long, hold NUL bytes, or bytes its charset doesn't know.
    fn irregular_line(
        &self,
        plan: &LinePlan<'_>,
        bytes: &[u8],
        (number, is_open): (u64, bool),
        reader: &mut LineReader<'_>,
        emit: &mut Emit<'_>,
    ) -> Result<()> {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let limit = plan.rows.source.max_line_bytes();
        if bytes.len() > limit {
            reader.refuse(number, format!("is longer than the {limit} bytes a line may have"));
            return Ok(());
        }
        let fault = match self.charset.decode(bytes) {
            None => Some("has bytes that are no characters of the file's charset"),
            Some(_) if bytes.contains(&0) => Some("has a NUL byte"),
            Some(_) => None,
        };
        let whole = self.charset.decode_lossy(bytes);
        let mut values: Vec<Value<'_>> = plan.rows.template();
        let width = plan.header.targets.len();
        let mut all = whole.split(char::from(plan.header.delimiter));
        let cells: Vec<&str> = all.by_ref().take(width).collect();
        let (surplus, filled) = all.fold((0, false), |(n, filled), cell| (n + 1, filled || !cell.trim().is_empty()));
        let line = Line { number, whole: &whole, cells: &cells, surplus, surplus_filled: filled, fault, is_open };
        reader.take(line, &mut values);
        hand_out(reader, emit)
    }

    fn run_records(&self, plan: &LinePlan<'_>, emit: &mut Emit<'_>) -> Result<Tally> {
        let mut reader = LineReader::new(plan);
        let mut records = self.records(self.header.targets.len(), true);
        let limit = plan.rows.source.max_line_bytes();
        loop {
            match records.advance() {
                Found::End => {
                    reader.end();
                    return finish(&mut reader, emit);
                }
                Found::Record(number) => {
                    self.record(plan, &records, number, &mut reader);
                    hand_out(&mut reader, emit)?;
                }
                Found::Broken(number, Broken::TooLong) => {
                    reader.refuse(number, format!("is longer than the {limit} bytes a line may have"));
                }
                Found::Broken(number, Broken::Unclosed) => {
                    reader.refuse(number, format!("opens a quote that isn't closed within {limit} bytes"));
                }
                Found::Broken(number, Broken::GivenUp) => {
                    reader.refuse(number, "opens one more quote that isn't closed; the rest was not read".to_owned());
                    reader.writer.tally.given_up = true;
                }
            }
        }
    }

    fn record(&self, plan: &LinePlan<'_>, records: &Records<'_>, number: u64, reader: &mut LineReader<'_>) {
        let mut fault = None;
        let mut texts = Vec::with_capacity(records.fields.len());
        for field in &records.fields {
            texts.push(field.text(self.bytes, self.charset).unwrap_or_else(|| {
                fault = Some("has bytes that are no characters of the file's charset");
                field.text_lossy(self.bytes, self.charset)
            }));
        }
        if texts.iter().any(|text| text.contains('\0')) {
            fault = Some("has a NUL byte");
        }
        let whole = self.charset.decode_lossy(&self.bytes[records.range.clone()]);
        let cells: Vec<&str> = texts.iter().map(|text| &**text).collect();
        let line = Line {
            number,
            whole: &whole,
            cells: &cells,
            surplus: records.surplus,
            surplus_filled: records.surplus_filled,
            fault,
            is_open: records.is_open(),
        };
        reader.take(line, &mut plan.rows.template());
    }
}

/// The lines of a stretch of sound text.
fn regular_lines(
    plan: &LinePlan<'_>,
    text: &str,
    first_line: u64,
    reader: &mut LineReader<'_>,
    emit: &mut Emit<'_>,
) -> Result<()> {
    let width = plan.header.targets.len();
    let limit = plan.rows.source.max_line_bytes();
    let delimiter = plan.header.delimiter;
    let bytes = text.as_bytes();
    let mut values: Vec<Value<'_>> = plan.rows.template();
    let mut cells: Vec<&str> = Vec::with_capacity(width);
    let (mut surplus, mut surplus_filled) = (0, false);
    let (mut line_start, mut cell_start) = (0, 0);
    let mut number = first_line;
    let mut hits = memchr::memchr2_iter(delimiter, b'\n', bytes);
    while cell_start < bytes.len() || line_start < cell_start {
        let hit = hits.next().unwrap_or(bytes.len());
        let ends_line = bytes.get(hit) != Some(&delimiter);
        let cell = &text[cell_start..hit];
        let cell = if ends_line { cell.strip_suffix('\r').unwrap_or(cell) } else { cell };
        if cells.len() < width {
            cells.push(cell);
        } else {
            surplus += 1;
            surplus_filled |= !cell.trim().is_empty();
        }
        cell_start = hit + 1;
        if !ends_line {
            continue;
        }
        let whole = &text[line_start..hit];
        let whole = whole.strip_suffix('\r').unwrap_or(whole);
        if whole.len() > limit {
            reader.refuse(number, format!("is longer than the {limit} bytes a line may have"));
        } else {
            let is_open = hit == bytes.len() && !text.ends_with('\r');
            let line = Line { number, whole, cells: &cells, surplus, surplus_filled, fault: None, is_open };
            reader.take(line, &mut values);
            hand_out(reader, emit)?;
        }
        number += 1;
        cells.clear();
        (surplus, surplus_filled) = (0, false);
        line_start = cell_start;
    }
    reader.end();
    hand_out(reader, emit)
}

fn hand_out(reader: &mut LineReader<'_>, emit: &mut Emit<'_>) -> Result<()> {
    match reader.writer.take_full()? {
        Some(batch) => emit(batch),
        None => Ok(()),
    }
}

fn finish(reader: &mut LineReader<'_>, emit: &mut Emit<'_>) -> Result<Tally> {
    if let Some(batch) = reader.writer.take_rest()? {
        emit(batch)?;
    }
    Ok(reader.take_tally())
}
