//! Objects as inputs: what merges and stages read.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use sellerlake_contracts::{Error, Kind, ObjectState, Partition, Result};
use sellerlake_query::{LakeTable, LakeTableOptions};
use sellerlake_schemas::Source;
use sellerlake_sinks::Head;
use sellerlake_transforms::Dataset;
use sellerlake_transforms::merge::stored_schema;
use sellerlake_transforms::stage::{StageInput, table_schema};

use crate::objects::Objects;
use crate::objects::swap::row_error;

impl Objects {
    /// The stored rows of a source's partition, all columns, in the order they are stored; of the version of this generation.
    pub(crate) async fn scan_source(
        &self,
        source: &Source,
        partition: &Partition,
        head: &Head,
        generation: u64,
    ) -> Result<SendableRecordBatchStream> {
        let object = ObjectState { generation, ..unknown_object(partition, head) };
        let table =
            LakeTable::new(self.reader.clone(), &stored_schema(source), vec![object], &LakeTableOptions::default());
        self.scan(&table, partition).await
    }

    /// All rows of a table, on one stream.
    pub(crate) async fn scan(&self, table: &LakeTable, partition: &Partition) -> Result<SendableRecordBatchStream> {
        let failed = |error| row_error(error, partition);
        let plan = table.scan(self.scanner.as_ref(), None, &[], None).await.map_err(failed)?;
        let rows = execute_stream(plan, self.scanner.task_ctx()).map_err(failed)?;
        let (schema, path) = (rows.schema(), partition.path());
        // Pages of an object without a seal may be anything, and not everything is an error to their reader.
        let rows = AssertUnwindSafe(rows).catch_unwind().map(move |batch| {
            batch.unwrap_or_else(|_| {
                let damaged = sellerlake_seal::damaged(&path, "its pages can't be read");
                Err(DataFusionError::External(Box::new(damaged)))
            })
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    /// Objects of one dataset as an input of a stage.
    pub(crate) fn stage_input(&self, dataset: &Dataset, objects: Vec<ObjectState>) -> Result<StageInput> {
        let rows = objects.iter().map(|object| object.visible_rows).sum();
        let provider: Arc<dyn TableProvider> = match dataset {
            Dataset::Source(source) => {
                let options = LakeTableOptions {
                    hide_underscore: true,
                    hide_markers: true,
                    output_ordering: unit_column(source).into_iter().collect(),
                    ..LakeTableOptions::default()
                };
                Arc::new(LakeTable::new(self.reader.clone(), &stored_schema(source), objects, &options))
            }
            Dataset::Table(table) => {
                let options = LakeTableOptions { output_ordering: table.sort.clone(), ..LakeTableOptions::default() };
                Arc::new(LakeTable::new(self.reader.clone(), &table_schema(table), objects, &options))
            }
            Dataset::Reference(reference) => {
                let rows = reference.rows.clone();
                let table = MemTable::try_new(rows.schema(), vec![vec![rows]]);
                let failed = |error| Error::permanent(Kind::Internal, "can't show reference data").source(error);
                return Ok(StageInput {
                    rows: reference.rows.num_rows() as u64,
                    provider: Arc::new(table.map_err(failed)?),
                });
            }
        };
        Ok(StageInput { provider, rows })
    }
}

/// The column a source is sorted by as far as stages can see: that of its one-column unit.
///
/// Rows are stored by `_unit`, which for a single text column is the column itself.
fn unit_column(source: &Source) -> Option<String> {
    let sellerlake_schemas::Unit::Columns(columns) = &source.unit else { return None };
    let [only] = columns.as_slice() else { return None };
    let text = source.columns.get(only)?.column_type == sellerlake_schemas::ColumnType::Text;
    (text && source.rows.iter().all(|rows| rows.unit.is_none())).then(|| only.clone())
}

/// The schema of a dataset's objects; `None` for reference data, which has none.
pub(crate) fn stored(dataset: &Dataset) -> Option<SchemaRef> {
    match dataset {
        Dataset::Source(source) => Some(stored_schema(source)),
        Dataset::Table(table) => Some(table_schema(table)),
        Dataset::Reference(_) => None,
    }
}

/// An object whose row counts don't matter, because every row is read.
pub(crate) fn unknown_object(partition: &Partition, head: &Head) -> ObjectState {
    ObjectState {
        partition: partition.clone(),
        etag: Some(head.etag.clone()),
        size_bytes: head.size_bytes,
        rows: 1,
        visible_rows: 1,
        row_hash: String::new(),
        input_hash: String::new(),
        schema_version: 0,
        generation: 0,
    }
}

/// Inputs of one run, by name.
pub(crate) type Inputs = BTreeMap<String, StageInput>;
