//! Long constants, which DataFusion copies for every row of a batch wherever they become a column.

use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::execution::memory_pool::MemoryLimit;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_expr::expressions::Literal;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;
use sellerlake_contracts::{Error, Kind};

/// Rows of a batch, about.
const BATCH_ROWS: usize = 8192;
/// Shorter ones are nobody's concern.
const SHORT_BYTES: usize = 16 * 1024;

/// Refuses constants that would take more than a quarter of the memory in each batch.
#[derive(Debug)]
pub(super) struct BoundedConstants(usize);

impl BoundedConstants {
    pub(super) fn new(runtime: &RuntimeEnv) -> Self {
        Self(match runtime.memory_pool.memory_limit() {
            MemoryLimit::Finite(memory) => (memory / 4 / BATCH_ROWS).max(SHORT_BYTES),
            _ => usize::MAX,
        })
    }
}

impl PhysicalOptimizerRule for BoundedConstants {
    fn name(&self) -> &'static str {
        "bounded_constants"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.apply(|node| {
            if has_one_row(node) {
                return Ok(TreeNodeRecursion::Jump);
            }
            node.apply_expressions(&mut |expression| {
                expression.apply(|part| match part.downcast_ref::<Literal>().map_or(0, |found| length(found.value())) {
                    length if length > self.0 => Err(too_long(length, self.0)),
                    _ => Ok(TreeNodeRecursion::Continue),
                })
            })?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(plan)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn has_one_row(plan: &Arc<dyn ExecutionPlan>) -> bool {
    match plan.children()[..] {
        [] => plan.is::<PlaceholderRowExec>() || plan.is::<EmptyExec>(),
        ref children => children.iter().all(|child| has_one_row(child)),
    }
}

fn length(value: &ScalarValue) -> usize {
    match value {
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => {
            text.as_ref().map_or(0, String::len)
        }
        _ => 0,
    }
}

fn too_long(length: usize, limit: usize) -> DataFusionError {
    let error = Error::permanent(Kind::Limit, "a constant of the statement is too long to stand in every row")
        .at("query.plan")
        .with("bytes", length)
        .with("limit_bytes", limit)
        .hint("make it shorter, or raise `memory_mib`");
    DataFusionError::External(Box::new(error))
}
