//! What isn't in the order that DataFusion takes it to be in.
//!
//! Groups and their totals: DataFusion takes a key that is one and the same in all rows to be so in all groups, too. In
//! ROLLUP, CUBE and GROUPING SETS it is NULL in the totals: groups came out twice, and ORDER BY was dropped.
//!
//! The parts of a UNION: a column that is one and the same within each part isn't in all of them, and was left out of
//! the order they were merged by.
//!
//! Joins: what holds on one side doesn't where an outer join makes up NULLs for it, and the rows that one row of the
//! other side is joined with are ordered among themselves only. ORDER BY was dropped, or sorted by less than it said.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{JoinType, Result};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::union::UnionExec;

use super::forgotten::Forgotten;

/// Forgets what isn't so of the order of rows. It comes before whatever relies on orders.
#[derive(Debug)]
pub(super) struct Unordered;

impl PhysicalOptimizerRule for Unordered {
    fn name(&self) -> &'static str {
        "unordered"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let done = plan.transform_up(|plan| {
            if plan.is::<UnionExec>() || joins(plan.as_ref()) {
                return Ok(Transformed::yes(Arc::new(Forgotten::new(plan)?) as Arc<dyn ExecutionPlan>));
            }
            let Some(aggregate) = plan.downcast_ref::<AggregateExec>() else { return Ok(Transformed::no(plan)) };
            if aggregate.group_expr().is_single() {
                return Ok(Transformed::no(plan));
            }
            let input: Arc<dyn ExecutionPlan> = Arc::new(Forgotten::of_everything(Arc::clone(aggregate.input())));
            let grouped = replace_children_if_necessary(plan, vec![input])?;
            // A key may be a literal, too.
            Ok(Transformed::yes(Arc::new(Forgotten::new(grouped)?) as Arc<dyn ExecutionPlan>))
        })?;
        Ok(done.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether rows of both sides stand beside each other in the result.
fn joins(plan: &dyn ExecutionPlan) -> bool {
    let outer = |kind: &JoinType| matches!(kind, JoinType::Left | JoinType::Right | JoinType::Full);
    let hashed = plan.downcast_ref::<HashJoinExec>().map(HashJoinExec::join_type);
    let compared = plan.downcast_ref::<NestedLoopJoinExec>().map(NestedLoopJoinExec::join_type);
    hashed.is_some_and(|kind| outer(kind) || *kind == JoinType::Inner) || compared.is_some_and(outer)
}
