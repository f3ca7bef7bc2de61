//! A statement's panic is an error of that statement: others go on.

use std::panic::AssertUnwindSafe;

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{FutureExt, StreamExt};
use sellerlake_contracts::{Error, Kind};

/// The same rows; where planning or running the statement called `name` breaks off, an error that says so.
pub(super) async fn caught(
    rows: impl Future<Output = Result<SendableRecordBatchStream>>,
    name: &str,
) -> Result<SendableRecordBatchStream> {
    let rows = AssertUnwindSafe(rows).catch_unwind().await.unwrap_or_else(|_| Err(broke_off(name)))?;
    let (schema, name) = (rows.schema(), name.to_owned());
    let rows = AssertUnwindSafe(rows).catch_unwind();
    let rows = rows.map(move |batch| batch.unwrap_or_else(|_| Err(broke_off(&name))));
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
}

/// A panic's own words stand in the log: they say nothing about the statement.
fn broke_off(name: &str) -> DataFusionError {
    let error = Error::permanent(Kind::Internal, "the statement met a fault of the query engine, which broke off")
        .at("stage.run")
        .with("statement", name)
        .hint("say the same in another way, in smaller steps; and please report the statement");
    DataFusionError::External(Box::new(error))
}
