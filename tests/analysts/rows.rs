//! Answers in a form two engines can agree on.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::analysts::schema::Kind;

/// Cells as text; NULL is `None`.
pub type Row = Vec<Option<String>>;
pub type Rows = Vec<Row>;

pub fn rows(batches: &[RecordBatch]) -> Rows {
    let mut rows = Rows::new();
    for batch in batches {
        let columns: Vec<Vec<Option<String>>> = batch.columns().iter().map(cells).collect();
        rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|column| column[row].clone()).collect()));
    }
    rows
}

fn cells(column: &ArrayRef) -> Vec<Option<String>> {
    let options = FormatOptions::new().with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.6f"));
    let options = options.with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.6f"));
    let shown = ArrayFormatter::try_new(column.as_ref(), &options).unwrap();
    let cell = |row: usize| column.is_valid(row).then(|| plain(column.data_type(), shown.value(row).to_string()));
    (0..column.len()).map(cell).collect()
}

fn plain(data_type: &DataType, text: String) -> String {
    match data_type {
        DataType::Decimal128(..) | DataType::Decimal256(..) if text.contains('.') => {
            let text = text.trim_end_matches('0').trim_end_matches('.');
            if text == "-0" { "0".to_owned() } else { text.to_owned() }
        }
        _ => text,
    }
}

/// Whether two answers hold the same rows. `kinds` are those of the columns; where `ordered`, rows come in one order.
pub fn same(ours: &mut Rows, theirs: &mut Rows, kinds: &[Kind], ordered: bool) -> bool {
    if ours.len() != theirs.len() {
        return false;
    }
    if !ordered {
        ours.sort_by(|a, b| in_order(a, b, kinds));
        theirs.sort_by(|a, b| in_order(a, b, kinds));
    }
    let equal = |(ours, theirs): (&Row, &Row)| {
        ours.len() == theirs.len()
            && (0..ours.len()).all(|at| same_cell(ours[at].as_ref(), theirs[at].as_ref(), kinds[at]))
    };
    ours.iter().zip(theirs.iter()).all(equal)
}

/// What is exact decides first.
fn in_order(a: &Row, b: &Row, kinds: &[Kind]) -> Ordering {
    let exact = |row: &Row| -> Vec<Option<String>> {
        row.iter().zip(kinds).filter(|(_, kind)| **kind != Kind::Float).map(|(cell, _)| cell.clone()).collect()
    };
    let floats = |row: &Row| -> Vec<Option<f64>> {
        row.iter().zip(kinds).filter(|(_, kind)| **kind == Kind::Float).map(|(cell, _)| number(cell.as_ref())).collect()
    };
    exact(a).cmp(&exact(b)).then_with(|| floats(a).partial_cmp(&floats(b)).unwrap_or(Ordering::Equal))
}

fn number(cell: Option<&String>) -> Option<f64> {
    cell.and_then(|text| text.parse().ok())
}

fn same_cell(ours: Option<&String>, theirs: Option<&String>, kind: Kind) -> bool {
    if ours == theirs {
        return true;
    }
    let (Some(a), Some(b), Kind::Float) = (number(ours), number(theirs), kind) else { return false };
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1e-3)
}
