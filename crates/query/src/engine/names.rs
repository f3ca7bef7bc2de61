//! Filters that go down a plan by the names of their columns.
//!
//! DataFusion hands a filter from one operator to the next by its columns' names. Where two columns share theirs, as the
//! keys of a join do, it takes the first of them: a filter of one side was asked of the other, and rows were lost or
//! kept. A filter passes a gate only where the name leads to the same column below.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::common::JoinType;
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterDescription, ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::union::{InterleaveExec, UnionExec};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};

/// The rules that hand filters down, before and after joins know what to filter by.
pub(super) const RULES: [&str; 2] = ["FilterPushdown", "FilterPushdown(Post)"];

/// The rule, over a plan with gates where names mislead.
#[derive(Debug)]
pub(super) struct Gated(pub(super) Arc<dyn PhysicalOptimizerRule + Send + Sync>);

impl PhysicalOptimizerRule for Gated {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let gated = plan.transform_up(|plan| {
            if leading_down(&plan).len() == plan.schema().fields().len() {
                return Ok(Transformed::no(plan));
            }
            Ok(Transformed::yes(Arc::new(Gate(plan)) as Arc<dyn ExecutionPlan>))
        })?;
        let pushed = self.0.optimize(gated.data, config)?;
        if !gated.transformed {
            return Ok(pushed);
        }
        let opened = pushed.transform_up(|plan| {
            let below = plan.downcast_ref::<Gate>().map(|gate| Arc::clone(&gate.0));
            Ok(below.map_or_else(|| Transformed::no(plan), Transformed::yes))
        })?;
        Ok(opened.data)
    }

    fn schema_check(&self) -> bool {
        self.0.schema_check()
    }
}

/// The columns of the plan whose names mean the same column in what is below, or none.
fn leading_down(plan: &Arc<dyn ExecutionPlan>) -> HashSet<usize> {
    let (own, below) = (plan.schema(), plan.children().into_iter().map(|child| child.schema()).collect::<Vec<_>>());
    let leads = |(at, name): (usize, &str)| {
        let alone = count(&own, name) == 1 && below.iter().all(|input| count(input, name) <= 1);
        (alone && is_the_same(plan, &below, at, name)).then_some(at)
    };
    own.fields().iter().map(|field| field.name().as_str()).enumerate().filter_map(leads).collect()
}

fn count(schema: &Schema, name: &str) -> usize {
    schema.fields().iter().filter(|field| field.name() == name).count()
}

/// Whether what has this name below, if anything has, is this column of the plan.
fn is_the_same(plan: &Arc<dyn ExecutionPlan>, below: &[Arc<Schema>], at: usize, name: &str) -> bool {
    if plan.is::<UnionExec>() || plan.is::<InterleaveExec>() {
        return below.iter().all(|input| input.field(at).name() == name);
    }
    if let Some(aggregate) = plan.downcast_ref::<AggregateExec>() {
        let key = aggregate.group_expr().expr().get(at);
        return key.is_none_or(|(key, _)| named(key, name) || below.iter().all(|input| count(input, name) == 0));
    }
    if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        // A semi join asks its keys of the side it doesn't show, too.
        let is_key = join.on().iter().any(|(left, right)| named(left, name) && named(right, name));
        return is_key
            || !matches!(join.join_type(), JoinType::LeftSemi | JoinType::RightSemi)
            || below.iter().any(|input| count(input, name) == 0);
    }
    true
}

fn named(expression: &Arc<dyn PhysicalExpr>, name: &str) -> bool {
    expression.downcast_ref::<Column>().is_some_and(|column| column.name() == name)
}

/// The operator below, for filters whose names don't mislead. It stands while the rule runs.
#[derive(Debug)]
struct Gate(Arc<dyn ExecutionPlan>);

impl DisplayAs for Gate {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Gate")
    }
}

impl ExecutionPlan for Gate {
    fn name(&self) -> &'static str {
        "Gate"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.0.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.0]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self(children.pop().unwrap_or_else(|| Arc::clone(&self.0)))))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.0.execute(partition, context)
    }

    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        parent_filters: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> Result<FilterDescription> {
        let below =
            ChildFilterDescription::from_child_with_allowed_indices(&parent_filters, leading_down(&self.0), &self.0)?;
        Ok(FilterDescription::new().with_child(below))
    }

    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        result: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::if_all(result))
    }
}
