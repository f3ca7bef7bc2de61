//! From what a statement yields to what its table declares: columns, types, order, required values.

use std::sync::Arc;

use arrow::array::Array;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, ident};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use sellerlake_contracts::{Error, Kind};
use sellerlake_schemas::Table;

/// The Arrow schema of a declared table. Every column is nullable on disk: older objects may lack it.
pub fn table_schema(table: &Table) -> SchemaRef {
    let fields = table.columns.values().map(|column| Field::new(&column.name, column.column_type.arrow(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Puts a statement's columns into the declared order and types, sorted as declared.
pub(crate) fn shape(plan: LogicalPlan, table: &Table) -> DataFusionResult<LogicalPlan> {
    let columns = table
        .columns
        .values()
        .map(|column| -> Expr { cast(ident(&column.name), column.column_type.arrow()).alias(&column.name) });
    let order = table.sort.iter().map(|name| ident(name).sort(true, true));
    LogicalPlanBuilder::from(plan).project(columns)?.sort(order)?.build()
}

/// Names a statement doesn't yield although the table declares them, and the other way round.
pub(crate) fn column_mistakes(plan: &LogicalPlan, table: &Table) -> Vec<String> {
    let yielded: Vec<&str> = plan.schema().fields().iter().map(|field| field.name().as_str()).collect();
    let missing = table.columns.keys().filter(|name| !yielded.contains(&name.as_str()));
    let surplus = yielded.iter().filter(|name| !table.columns.contains_key(**name));
    missing
        .map(|name| format!("yields no column {name:?}, which the table declares; SELECT NULL where it isn't known"))
        .chain(surplus.map(|name| format!("yields a column {name:?}, which the table doesn't declare")))
        .collect()
}

/// Fails the stream at the first NULL in a column declared as required.
pub(crate) fn require(rows: SendableRecordBatchStream, table: &Arc<Table>) -> SendableRecordBatchStream {
    let schema = rows.schema();
    let table = Arc::clone(table);
    let checked = rows.map(move |batch| batch.and_then(|batch| check_required(batch, &table)));
    Box::pin(RecordBatchStreamAdapter::new(schema, checked))
}

fn check_required(batch: RecordBatch, table: &Table) -> DataFusionResult<RecordBatch> {
    for (column, values) in table.columns.values().zip(batch.columns()) {
        if column.required && values.null_count() > 0 {
            let message = format!("{} of {} rows have no {:?}", values.null_count(), batch.num_rows(), column.name);
            let error = Error::permanent(Kind::Data, message)
                .at("stage.run")
                .with("table", &table.name)
                .hint("the column is declared `required`; mend the stage's SQL, or the declaration");
            return Err(DataFusionError::External(Box::new(error)));
        }
    }
    Ok(batch)
}
