//! Plans that can be stopped.
//!
//! DataFusion yields where batches are read, now and then. A join may make billions of rows out of two batches: it
//! yields with its own batches here, and one that looks for matches without making any looks up meanwhile. Whatever
//! reads batch after batch finds out with the next that it is stopped.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder, SortMergeJoinExec,
};
use datafusion::physical_plan::unnest::UnnestExec;

use super::checkpoint::Checkpoint;
use crate::running::Interrupt;

/// The rule this one has to follow: later ones tie operators to each other.
pub(super) const AFTER: &str = "EnsureCooperative";

/// Makes joins yield, and all of them look up.
#[derive(Debug)]
pub(super) struct Interruptible;

impl PhysicalOptimizerRule for Interruptible {
    fn name(&self) -> &'static str {
        "interruptible"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let stop = Interrupt::current();
        let done = plan.transform_up(|plan| {
            let plan = match &stop {
                Some(stop) => watched(plan, stop)?,
                None => plan,
            };
            let multiplies = plan.is::<CrossJoinExec>()
                || plan.is::<NestedLoopJoinExec>()
                || plan.is::<HashJoinExec>()
                || plan.is::<SortMergeJoinExec>()
                || plan.is::<UnnestExec>();
            let is_leaf = plan.children().is_empty();
            let plan = if multiplies { Arc::new(CooperativeExec::new(plan)) as _ } else { plan };
            Ok(match &stop {
                Some(stop) if multiplies || is_leaf => {
                    Transformed::yes(Arc::new(Checkpoint { input: plan, stop: stop.clone() }) as _)
                }
                _ => Transformed::yes(plan),
            })
        })?;
        Ok(done.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The join with a filter that looks up.
fn watched(plan: Arc<dyn ExecutionPlan>, stop: &Interrupt) -> Result<Arc<dyn ExecutionPlan>> {
    let filter = |filter: &JoinFilter| {
        let inner = Arc::clone(filter.expression());
        let expression = Arc::new(Watched { inner, stop: stop.clone() });
        JoinFilter::new(expression, filter.column_indices().to_vec(), Arc::clone(filter.schema()))
    };
    if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>()
        && let Some(known) = join.filter()
    {
        return Ok(Arc::new(NestedLoopJoinExecBuilder::from(join).with_filter(Some(filter(known))).build()?));
    }
    if let Some(join) = plan.downcast_ref::<HashJoinExec>()
        && let Some(known) = join.filter()
    {
        return Ok(Arc::new(join.builder().with_filter(Some(filter(known))).build()?));
    }
    Ok(plan)
}

/// An expression that fails once its statement is stopped.
#[derive(Debug)]
struct Watched {
    inner: Arc<dyn PhysicalExpr>,
    stop: Interrupt,
}

impl PartialEq for Watched {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for Watched {}

impl Hash for Watched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PhysicalExpr for Watched {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.inner.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.inner.nullable(schema)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.inner.return_field(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        self.stop.check()?;
        self.inner.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.pop().unwrap_or_else(|| Arc::clone(&self.inner));
        Ok(Arc::new(Self { inner, stop: self.stop.clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}
