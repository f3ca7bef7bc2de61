//! Tables of rows that no object holds: those the caller has, and those that are read when a statement scans them.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::datasource::TableType;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::StreamExt;
use futures::stream::BoxStream;
use sellerlake_contracts::{Error, Kind, Result};
use tokio::runtime::Handle;

use crate::partitions::SELLER;

/// A table of rows the caller holds: reference data, what is compared.
pub fn rows(schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<Arc<dyn TableProvider>> {
    let broken =
        |source| Error::permanent(Kind::Internal, "rows don't fit their schema").at("query.meta").source(source);
    Ok(Arc::new(MemTable::try_new(schema, vec![batches]).map_err(broken)?))
}

/// Rows that are read when a statement scans them, and only then.
pub trait Rows: Debug + Send + Sync {
    /// The columns of every batch.
    fn schema(&self) -> SchemaRef;

    /// All rows, or at least those of these sellers; none is named where the statement asks for all. What somebody may
    /// not see is never among them, whatever he names.
    fn read(&self, sellers: Option<&BTreeSet<String>>) -> BoxStream<'static, Result<RecordBatch>>;
}

/// A table of such rows. They are read on the threads of whoever made it, where what they are read with may belong.
pub fn when_scanned(rows: Arc<dyn Rows>) -> Arc<dyn TableProvider> {
    Arc::new(Later { schema: rows.schema(), rows, home: Handle::current() })
}

#[derive(Debug)]
struct Later {
    schema: SchemaRef,
    rows: Arc<dyn Rows>,
    home: Handle,
}

#[async_trait]
impl TableProvider for Later {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        // Rows are still to be filtered.
        _limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let sellers = filters.iter().filter_map(sellers).reduce(|all, these| &all & &these);
        let (schema, rows, home) = (Arc::clone(&self.schema), Arc::clone(&self.rows), self.home.clone());
        let scan = Arc::new(Scan { schema, rows, home, sellers });
        StreamingTable::try_new(Arc::clone(&self.schema), vec![scan])?.scan(state, projection, &[], None).await
    }
}

/// The sellers that a filter leaves, where it says nothing but that.
fn sellers(filter: &Expr) -> Option<BTreeSet<String>> {
    let is_seller = |expr: &Expr| matches!(expr, Expr::Column(column) if column.name == SELLER);
    let text = |expr: &Expr| match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) => Some(text.clone()),
        _ => None,
    };
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if is_seller(left) => {
            Some([text(right)?].into())
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if is_seller(right) => {
            Some([text(left)?].into())
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => Some(&sellers(left)? | &sellers(right)?),
        Expr::InList(list) if is_seller(&list.expr) && !list.negated => list.list.iter().map(text).collect(),
        _ => None,
    }
}

/// One reading of such rows.
#[derive(Debug)]
struct Scan {
    schema: SchemaRef,
    rows: Arc<dyn Rows>,
    home: Handle,
    sellers: Option<BTreeSet<String>>,
}

impl PartitionStream for Scan {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut batches = self.rows.read(self.sellers.as_ref());
        let mut answer = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 1);
        let send = answer.tx();
        let read = async move {
            while let Some(batch) = batches.next().await {
                let batch = batch.map_err(|error| DataFusionError::External(Box::new(error)));
                if send.send(batch).await.is_err() {
                    break;
                }
            }
            Ok(())
        };
        answer.spawn_on(read, &self.home);
        answer.build()
    }
}
