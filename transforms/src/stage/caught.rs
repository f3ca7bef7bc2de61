//! A statement's panic is an error of that statement: others go on.

use std::any::Any;
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
    let rows = AssertUnwindSafe(rows).catch_unwind().await.unwrap_or_else(|panic| Err(broken(panic.as_ref(), name)))?;
    let (schema, name) = (rows.schema(), name.to_owned());
    let rows = AssertUnwindSafe(rows).catch_unwind();
    let rows = rows.map(move |batch| batch.unwrap_or_else(|panic| Err(broken(panic.as_ref(), &name))));
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
}

fn broken(panic: &(dyn Any + Send), name: &str) -> DataFusionError {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let first = said.unwrap_or_default().lines().next().unwrap_or_default().to_owned();
    let error =
        Error::permanent(Kind::Internal, "the query engine broke off, which is its mistake and not the statement's")
            .at("stage.run")
            .with("statement", name)
            .with("panic", first)
            .hint("say the same in another way, in smaller steps; and please report the statement");
    DataFusionError::External(Box::new(error))
}
