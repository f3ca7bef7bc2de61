//! Rows of whose order less is known than DataFusion believes.

use std::fmt;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinType, Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::equivalence::{ProjectionMapping, join_equivalence_properties};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{CardinalityEffect, replace_children_if_necessary};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};

/// Its input's rows, of whose order only that is known which holds.
#[derive(Debug)]
pub(super) struct Forgotten {
    input: Arc<dyn ExecutionPlan>,
    /// Whether nothing is known of the order.
    everything: bool,
    properties: Arc<PlanProperties>,
}

impl Forgotten {
    pub(super) fn new(input: Arc<dyn ExecutionPlan>) -> Result<Self> {
        let order = known(&input)?;
        Ok(Self::knowing(input, false, order))
    }

    pub(super) fn of_everything(input: Arc<dyn ExecutionPlan>) -> Self {
        let order = EquivalenceProperties::new(input.schema());
        Self::knowing(input, true, order)
    }

    fn knowing(input: Arc<dyn ExecutionPlan>, everything: bool, order: EquivalenceProperties) -> Self {
        let properties = PlanProperties::new(
            order,
            input.output_partitioning().clone(),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Self { input, everything, properties: Arc::new(properties) }
    }

    fn over(&self, input: Arc<dyn ExecutionPlan>) -> Result<Self> {
        if self.everything { Ok(Self::of_everything(input)) } else { Self::new(input) }
    }
}

/// What holds of the order of a join's rows; of other plans' nothing does.
fn known(plan: &Arc<dyn ExecutionPlan>) -> Result<EquivalenceProperties> {
    if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        return joined(join);
    }
    if let Some(forgotten) = plan.downcast_ref::<Forgotten>() {
        return Ok(forgotten.properties.equivalence_properties().clone());
    }
    // A join whose sides were exchanged has its columns put back in their places.
    if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
        let shown = projection.expr().iter().map(|ProjectionExpr { expr, alias }| (Arc::clone(expr), alias.clone()));
        let mapping = ProjectionMapping::try_new(shown, &projection.input().schema())?;
        return Ok(known(projection.input())?.project(&mapping, projection.schema()));
    }
    match plan.children()[..] {
        // What yields, or looks whether to go on.
        [input] if plan.maintains_input_order() == [true] && input.schema() == plan.schema() => known(input),
        _ => Ok(EquivalenceProperties::new(plan.schema())),
    }
}

/// Of a side that an outer join makes up rows for, nothing holds; of the others what DataFusion says, without the order
/// of the rows that are joined with one.
fn joined(join: &HashJoinExec) -> Result<EquivalenceProperties> {
    let side = |input: &Arc<dyn ExecutionPlan>, made_up: [JoinType; 2]| {
        if made_up.contains(join.join_type()) {
            return EquivalenceProperties::new(input.schema());
        }
        input.equivalence_properties().clone()
    };
    let order = join_equivalence_properties(
        side(join.left(), [JoinType::Right, JoinType::Full]),
        side(join.right(), [JoinType::Left, JoinType::Full]),
        join.join_type(),
        Arc::clone(join.join_schema()),
        &join.maintains_input_order(),
        None,
        join.on(),
    )?;
    let Some(shown) = &join.projection else { return Ok(order) };
    let mapping = ProjectionMapping::from_indices(shown, join.join_schema())?;
    Ok(order.project(&mapping, join.schema()))
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
        Ok(Arc::new(self.over(children.pop().unwrap_or_else(|| Arc::clone(&self.input)))?))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.input.execute(partition, context)
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], _: &StatisticsArgs) -> Result<Arc<Statistics>> {
        Ok(Arc::clone(&inputs[0]))
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(swapped) = self.input.try_swapping_with_projection(projection)? else { return Ok(None) };
        let Some(rest) = swapped.downcast_ref::<ProjectionExec>() else {
            return Ok(Some(Arc::new(self.over(swapped)?)));
        };
        // What is left of the projection stays above, or it would be swapped again and again.
        let input = Arc::new(self.over(Arc::clone(rest.input()))?);
        Ok(Some(replace_children_if_necessary(swapped, vec![input])?))
    }

    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        parent_filters: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> Result<FilterDescription> {
        FilterDescription::from_children(parent_filters, &self.children())
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
