//! Stand-ins for inputs while a statement is planned: a schema, no rows.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, not_impl_err};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

use crate::declarations::Dataset;
use crate::stage::output::table_schema;

/// What stages see of a dataset: its declared columns, and nothing the lake added.
pub(crate) fn visible_schema(dataset: &Dataset) -> SchemaRef {
    match dataset {
        Dataset::Source(source) => {
            let fields =
                source.columns.values().map(|column| Field::new(&column.name, column.column_type.arrow(), true));
            Arc::new(Schema::new(fields.collect::<Vec<_>>()))
        }
        Dataset::Table(table) => table_schema(table),
        Dataset::Reference(reference) => reference.rows.schema(),
    }
}

/// A table that can be planned against but not read.
#[derive(Debug)]
pub(crate) struct Placeholder(pub(crate) SchemaRef);

#[async_trait]
impl TableProvider for Placeholder {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Inexact: the real input may prune by a filter, and the plan filters again.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        _: &dyn Session,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        not_impl_err!("a placeholder has no rows")
    }
}
