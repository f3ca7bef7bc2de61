//! A table for people.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::StreamExt;
use sellerlake_contracts::{Result, printable};

use super::{unshowable, unwritable};
use crate::session::Answer;

/// Writes at most `cap` rows, then the columns' widths are known; a last line says if there are more.
pub(super) async fn write(mut answer: Answer, cap: usize, out: &mut (dyn Write + Send)) -> Result<u64> {
    let schema = answer.schema();
    let right: Vec<bool> = schema.fields().iter().map(|field| is_number(field.data_type())).collect();
    let header: Vec<String> = schema.fields().iter().map(|field| printable(field.name()).into_owned()).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut more = false;
    while let Some(batch) = answer.next().await {
        let batch = batch?;
        let room = cap - rows.len();
        more = batch.num_rows() > room;
        cells(&batch.slice(0, batch.num_rows().min(room)), &mut rows)?;
        if more {
            break;
        }
    }
    let mut widths: Vec<usize> = header.iter().map(|name| name.chars().count()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut text = String::new();
    for row in [&header, &rule].into_iter().chain(&rows) {
        line(row, &widths, &right, &mut text);
    }
    if more {
        text.extend(["(the first ", &cap.to_string(), " rows; there are more)\n"]);
    }
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(unwritable)?;
    Ok(rows.len() as u64)
}

fn cells(batch: &RecordBatch, rows: &mut Vec<Vec<String>>) -> Result<()> {
    let options = FormatOptions::new().with_display_error(false);
    let columns: Vec<ArrayFormatter<'_>> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
        .collect::<Result<_, _>>()
        .map_err(unshowable)?;
    for row in 0..batch.num_rows() {
        let cell = |column: &ArrayFormatter<'_>| {
            column.value(row).try_to_string().map(|text| printable(&text).into_owned()).map_err(unshowable)
        };
        rows.push(columns.iter().map(cell).collect::<Result<_>>()?);
    }
    Ok(())
}

fn line(row: &[String], widths: &[usize], right: &[bool], text: &mut String) {
    let start = text.len();
    for (index, cell) in row.iter().enumerate() {
        if index > 0 {
            text.push_str("  ");
        }
        let padding = " ".repeat(widths[index] - cell.chars().count());
        let (before, after) = if right[index] { (padding.as_str(), "") } else { ("", padding.as_str()) };
        text.push_str(before);
        text.push_str(cell);
        text.push_str(after);
    }
    text.truncate(start + text[start..].trim_end_matches(' ').len());
    text.push('\n');
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric()
}
