//! Groups and their totals are in no order.
//!
//! DataFusion takes a key that is one and the same in all rows to be so in all groups, too. In ROLLUP, CUBE and GROUPING
//! SETS it is NULL in the totals: groups came out twice, and ORDER BY was dropped. What is known of the rows' order is
//! forgotten below and above.
//!
//! Nor are the parts of a UNION: a column that is one and the same within each part isn't in all of them, and was left
//! out of the order they were merged by.

use std::fmt;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};

/// Forgets the order of what is grouped in more than one way, and of unions. It comes before whatever relies on orders.
#[derive(Debug)]
pub(super) struct Unordered;

impl PhysicalOptimizerRule for Unordered {
    fn name(&self) -> &'static str {
        "unordered_totals"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let done = plan.transform_up(|plan| {
            if plan.is::<UnionExec>() {
                return Ok(Transformed::yes(Arc::new(Forgotten::new(plan)) as Arc<dyn ExecutionPlan>));
            }
            let Some(aggregate) = plan.downcast_ref::<AggregateExec>() else { return Ok(Transformed::no(plan)) };
            if aggregate.group_expr().is_single() {
                return Ok(Transformed::no(plan));
            }
            let input: Arc<dyn ExecutionPlan> = Arc::new(Forgotten::new(Arc::clone(aggregate.input())));
            let grouped = replace_children_if_necessary(plan, vec![input])?;
            // A key may be a literal, too.
            Ok(Transformed::yes(Arc::new(Forgotten::new(grouped)) as Arc<dyn ExecutionPlan>))
        })?;
        Ok(done.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Its input's rows, of whose order nothing is known.
#[derive(Debug)]
struct Forgotten {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl Forgotten {
    fn new(input: Arc<dyn ExecutionPlan>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            input.output_partitioning().clone(),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Self { input, properties: Arc::new(properties) }
    }
}

impl DisplayAs for Forgotten {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Forgotten")
    }
}

impl ExecutionPlan for Forgotten {
    fn name(&self) -> &'static str {
        "Forgotten"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::new(children.pop().unwrap_or_else(|| Arc::clone(&self.input)))))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.input.execute(partition, context)
    }
}
