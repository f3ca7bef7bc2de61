//! Rows that tell themselves apart: one that comes again counts once, one that says something else is rejected.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use arrow::row::{RowConverter, Rows, SortField};
use sellerlake_contracts::{Error, Kind, Result};
use sellerlake_schemas::Source;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::outcome::Reject;

/// The rows of a file so far, in its order.
pub struct Once {
    /// Names of the columns that tell rows apart.
    identity: Vec<String>,
    /// By the hash of an identity: the hash of all that its row says.
    seen: HashMap<u128, u64>,
    /// Rows left out that said what one before them did.
    pub again: u64,
    /// Rows left out that said something else, and the units they belong to.
    pub contradicting: Vec<(String, Reject)>,
}

impl Once {
    /// `None` where rows of the source can't be told apart: then two that say the same are two.
    pub fn of(source: &Source) -> Option<Self> {
        let identity = source.identity.clone();
        (!identity.is_empty()).then(|| Self { identity, seen: HashMap::new(), again: 0, contradicting: Vec::new() })
    }

    /// The batch that follows, without what came before it. A row that lacks a part of its identity has none.
    pub fn pass(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        let columns = self.identity.iter().filter_map(|name| batch.column_by_name(name).cloned());
        let columns: Vec<ArrayRef> = columns.collect();
        let names = || batch.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
        let said = names().into_iter().zip(batch.columns()).filter(|(name, _)| name != "_line");
        let said = comparable(&said.map(|(_, column)| column.clone()).collect::<Vec<_>>())?;
        let identities = comparable(&columns)?;
        let mut keep = vec![true; batch.num_rows()];
        for (row, keep) in keep.iter_mut().enumerate().filter(|(row, _)| columns.iter().all(|one| one.is_valid(*row))) {
            let saying = xxh3_64(said.row(row).as_ref());
            match self.seen.entry(xxh3_128(identities.row(row).as_ref())) {
                Entry::Vacant(entry) => {
                    entry.insert(saying);
                    continue;
                }
                Entry::Occupied(entry) if *entry.get() == saying => self.again += 1,
                Entry::Occupied(_) => self.contradicting.push(self.describe(&batch, row)),
            }
            *keep = false;
        }
        if !keep.contains(&false) {
            return Ok(batch);
        }
        filter_record_batch(&batch, &BooleanArray::from(keep)).map_err(|error| misfit(&error))
    }

    fn describe(&self, batch: &RecordBatch, row: usize) -> (String, Reject) {
        let unit = batch.column(0).as_string::<i32>().value(row).to_owned();
        let line = batch.column(2).as_primitive::<Int64Type>().value(row);
        let reason = format!("stands there twice by its {}, and differs", self.identity.join(", "));
        (unit, Reject { line: line.cast_unsigned(), column: None, reason, value: None })
    }
}

fn comparable(columns: &[ArrayRef]) -> Result<Rows> {
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converter = RowConverter::new(fields).map_err(|error| misfit(&error))?;
    converter.convert_columns(columns).map_err(|error| misfit(&error))
}

fn misfit(error: &dyn std::error::Error) -> Error {
    Error::permanent(Kind::Internal, "decoded rows can't be compared").with("error", error)
}
