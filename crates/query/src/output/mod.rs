//! Answers as text and files.
//!
//! All formats but the table stream: memory stays bounded whatever the answer's size.

mod grid;

use std::io::Write;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::csv;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::json::writer::{LineDelimited, WriterBuilder};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use sellerlake_contracts::{Error, Kind, Result};

use crate::session::Answer;

/// Rows a table on a terminal shows.
const GRID_ROWS: usize = 1000;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// Aligned columns for people: numbers to the right, NULL as nothing, at most 1000 rows and a last line
    /// that says so.
    Table,
    /// RFC 4180 with a header; NULL as nothing, instants as ISO 8601 with `Z`.
    Csv,
    /// One JSON object a line; decimals as JSON numbers with every digit, NULL as `null`.
    Json,
    /// One Parquet file, zstd.
    Parquet,
}

impl FromStr for OutputFormat {
    type Err = Error;

    fn from_str(value: &str) -> Result<Self> {
        match value {
            "table" => Ok(Self::Table),
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            "parquet" => Ok(Self::Parquet),
            _ => Err(Error::permanent(Kind::Usage, format!("{value:?} is not a format"))
                .hint("formats are table, csv, json and parquet")),
        }
    }
}

/// Writes an answer as it comes, a batch of rows after the other. Returns how many rows were written.
///
/// An error leaves the batches before it written, and nothing where it came before the first; a table, nothing at all.
/// A value that can't be shown is [`Kind::Query`], a failing writer [`Kind::Storage`].
pub async fn write(mut answer: Answer, format: OutputFormat, out: &mut (dyn Write + Send)) -> Result<u64> {
    if format == OutputFormat::Table {
        return grid::write(answer, GRID_ROWS, out).await;
    }
    let (mut rows, schema) = (0, answer.schema());
    let mut sink = Sink::new(&schema, format, out)?;
    while let Some(batch) = answer.next().await {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        sink.write(&batch)?;
    }
    sink.finish(&schema)?;
    Ok(rows)
}

enum Sink<'a> {
    Csv { out: &'a mut (dyn Write + Send), has_header: bool },
    Json(&'a mut (dyn Write + Send)),
    Parquet(Box<ArrowWriter<&'a mut (dyn Write + Send)>>),
}

impl<'a> Sink<'a> {
    fn new(schema: &SchemaRef, format: OutputFormat, out: &'a mut (dyn Write + Send)) -> Result<Self> {
        Ok(match format {
            OutputFormat::Table | OutputFormat::Csv => Self::Csv { out, has_header: false },
            OutputFormat::Json => Self::Json(out),
            OutputFormat::Parquet => {
                let compression = Compression::ZSTD(ZstdLevel::default());
                let properties = WriterProperties::builder().set_compression(compression).build();
                let writer = ArrowWriter::try_new(out, Arc::clone(schema), Some(properties)).map_err(unwritable)?;
                Self::Parquet(Box::new(writer))
            }
        })
    }

    /// Nothing of a batch is written before all of it could be shown.
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut text = Vec::new();
        match self {
            Self::Csv { out, has_header } => {
                let mut csv = csv::WriterBuilder::new().with_header(!*has_header).build(&mut text);
                csv.write(&flat(batch)?).map_err(unshowable)?;
                drop(csv);
                *has_header = true;
                out.write_all(&text).map_err(unwritable)
            }
            Self::Json(out) => {
                let mut json = WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(&mut text);
                json.write(batch).and_then(|()| json.finish()).map_err(unshowable)?;
                drop(json);
                if std::str::from_utf8(&text).is_ok_and(|text| text.contains(UNSHOWN)) {
                    showable(batch)?;
                }
                out.write_all(&text).map_err(unwritable)
            }
            Self::Parquet(parquet) => parquet.write(batch).map_err(unwritable),
        }
    }

    fn finish(mut self, schema: &SchemaRef) -> Result<()> {
        if matches!(self, Self::Csv { has_header: false, .. }) {
            self.write(&RecordBatch::new_empty(Arc::clone(schema)))?;
        }
        match self {
            Self::Csv { out, .. } | Self::Json(out) => out.flush().map_err(unwritable),
            Self::Parquet(parquet) => parquet.close().map(|_| ()).map_err(unwritable),
        }
    }
}

/// What arrow writes into JSON, as a text, where a value can't be shown.
const UNSHOWN: &str = "\"ERROR: ";

/// Fails for a value that can't be shown; a text may well begin with "ERROR".
fn showable(batch: &RecordBatch) -> Result<()> {
    let options = FormatOptions::new().with_display_error(false);
    for column in batch.columns() {
        let formatter = ArrayFormatter::try_new(column.as_ref(), &options).map_err(unshowable)?;
        (0..column.len()).try_for_each(|row| formatter.value(row).try_to_string().map(drop)).map_err(unshowable)?;
    }
    Ok(())
}

/// The batch with lists and structs as text: a CSV cell holds nothing else.
fn flat(batch: &RecordBatch) -> Result<RecordBatch> {
    if !batch.schema_ref().fields().iter().any(|field| field.data_type().is_nested()) {
        return Ok(batch.clone());
    }
    let options = FormatOptions::new().with_display_error(false);
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if !field.data_type().is_nested() {
            fields.push(Arc::clone(field));
            columns.push(Arc::clone(column));
            continue;
        }
        let formatter = ArrayFormatter::try_new(column.as_ref(), &options).map_err(unshowable)?;
        let cell = |row: usize| column.is_valid(row).then(|| formatter.value(row).try_to_string()).transpose();
        fields.push(Arc::new(Field::new(field.name(), DataType::Utf8, true)));
        let cells = (0..column.len()).map(cell).collect::<Result<StringArray, _>>();
        columns.push(Arc::new(cells.map_err(unshowable)?));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(unwritable)
}

/// A value of the statement's own making, such as a day that no calendar has.
fn unshowable(source: ArrowError) -> Error {
    Error::permanent(Kind::Query, "a value of the answer can't be shown")
        .at("query.write")
        .source(source)
        .hint("cast the column to a number or a text, or leave such rows out")
}

fn unwritable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::permanent(Kind::Storage, "the answer can't be written").at("query.write").source(source)
}
