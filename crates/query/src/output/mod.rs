//! Answers as text and files.
//!
//! All formats but the table stream: memory stays bounded whatever the answer's size.

mod grid;

use std::io::Write;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::csv;
use arrow::datatypes::{DataType, Field, Schema};
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

/// Writes an answer as it comes. Returns how many rows were written.
///
/// An error of the query leaves what was written so far; a failing writer is [`Kind::Storage`].
pub async fn write(mut answer: Answer, format: OutputFormat, out: &mut (dyn Write + Send)) -> Result<u64> {
    if format == OutputFormat::Table {
        return grid::write(answer, GRID_ROWS, out).await;
    }
    let mut rows = 0;
    let mut sink = Sink::new(&answer, format, out)?;
    while let Some(batch) = answer.next().await {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        sink.write(&batch)?;
    }
    sink.finish()?;
    Ok(rows)
}

enum Sink<'a> {
    Csv(Box<csv::Writer<&'a mut (dyn Write + Send)>>),
    Json(arrow::json::Writer<&'a mut (dyn Write + Send), LineDelimited>),
    Parquet(Box<ArrowWriter<&'a mut (dyn Write + Send)>>),
}

impl<'a> Sink<'a> {
    fn new(answer: &Answer, format: OutputFormat, out: &'a mut (dyn Write + Send)) -> Result<Self> {
        Ok(match format {
            OutputFormat::Table | OutputFormat::Csv => {
                let mut csv = csv::WriterBuilder::new().with_header(true).build(out);
                // The header comes with the first batch, also when there is none with rows.
                csv.write(&flat(&RecordBatch::new_empty(answer.schema()))?).map_err(unwritable)?;
                Self::Csv(Box::new(csv))
            }
            OutputFormat::Json => Self::Json(WriterBuilder::new().with_explicit_nulls(true).build(out)),
            OutputFormat::Parquet => {
                let compression = Compression::ZSTD(ZstdLevel::default());
                let properties = WriterProperties::builder().set_compression(compression).build();
                let writer = ArrowWriter::try_new(out, answer.schema(), Some(properties)).map_err(unwritable)?;
                Self::Parquet(Box::new(writer))
            }
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Csv(csv) => csv.write(&flat(batch)?).map_err(unwritable),
            Self::Json(json) => json.write(batch).map_err(unwritable),
            Self::Parquet(parquet) => parquet.write(batch).map_err(unwritable),
        }
    }

    fn finish(self) -> Result<()> {
        match self {
            Self::Csv(csv) => csv.into_inner().flush().map_err(unwritable),
            Self::Json(mut json) => {
                json.finish().map_err(unwritable)?;
                json.into_inner().flush().map_err(unwritable)
            }
            Self::Parquet(parquet) => parquet.close().map(|_| ()).map_err(unwritable),
        }
    }
}

/// The batch with lists and structs as text: a CSV cell holds nothing else.
fn flat(batch: &RecordBatch) -> Result<RecordBatch> {
    if !batch.schema_ref().fields().iter().any(|field| field.data_type().is_nested()) {
        return Ok(batch.clone());
    }
    let options = FormatOptions::new();
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if !field.data_type().is_nested() {
            fields.push(Arc::clone(field));
            columns.push(Arc::clone(column));
            continue;
        }
        let formatter = ArrayFormatter::try_new(column.as_ref(), &options).map_err(unwritable)?;
        let cell = |row: usize| column.is_valid(row).then(|| formatter.value(row).to_string());
        fields.push(Arc::new(Field::new(field.name(), DataType::Utf8, true)));
        columns.push(Arc::new((0..column.len()).map(cell).collect::<StringArray>()));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(unwritable)
}

fn unwritable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::permanent(Kind::Storage, "the answer can't be written").at("query.write").source(source)
}
