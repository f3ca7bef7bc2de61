//! Keys DataFusion believes in, forgotten before anything is decided by them.
//!
//! DataFusion notes in every plan's schema which columns determine which. In 55.2 what is noted can be wrong: grouping
//! a join with a grouped subquery makes that subquery's key the key of the result, and a plan that unnests keeps the
//! keys of its input. Rules that trust the notes then drop columns from GROUP BY, ORDER BY and DISTINCT. No table of
//! ours declares a key to DataFusion, so nothing is lost but the columns a grouped subquery would have spared others.
//!
//! The notes come back whenever a node is built. They are forgotten where nodes are read: at each relation of a
//! FROM, after analysis, and before each rule that looks at them.

use std::cell::Cell;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchemaRef, FunctionalDependencies, Result};
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Distinct, LogicalPlan};
use datafusion::optimizer::{AnalyzerRule, ApplyOrder, OptimizerConfig, OptimizerRule};
use datafusion::sql::sqlparser::ast::TableFactor;

/// The optimiser's rules that decide by keys.
pub(super) const TRUSTING: [&str; 4] =
    ["replace_distinct_aggregate", "eliminate_join", "eliminate_duplicated_expr", "optimize_projections"];

/// A rule that finds no keys to trust.
#[derive(Debug)]
pub(super) struct Distrusting(pub(super) Arc<dyn OptimizerRule + Send + Sync>);

impl OptimizerRule for Distrusting {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let plan = match self.apply_order() {
            // The rule walks the plan by itself, and looks at every node before it builds another below it.
            None => forget_all(plan)?,
            // The rule is shown node by node, and looks at the node's inputs, which may be new.
            Some(_) if plan.inputs().into_iter().all(is_keyless) => plan,
            Some(_) => plan.map_children(|input| forget(input).map(Transformed::yes))?.data,
        };
        self.0.rewrite(plan, config)
    }
}

/// Analysis builds the nodes anew; the checks of subqueries that follow it decide by keys.
#[derive(Debug)]
pub(super) struct Forget;

impl AnalyzerRule for Forget {
    fn name(&self) -> &'static str {
        "forget_keys"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        forget_all(plan)
    }
}

/// A SELECT is planned over relations without keys: planning adds what a key determines to GROUP BY, and lets a
/// window over a key run by rows.
#[derive(Debug)]
pub(super) struct ForgetRelations;

thread_local! {
    /// The relation that comes next is one this planner has handed on.
    static HANDED_ON: Cell<bool> = const { Cell::new(false) };
}

impl RelationPlanner for ForgetRelations {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        if HANDED_ON.replace(false) {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        }
        // The context asks this planner again before DataFusion plans.
        HANDED_ON.set(true);
        let plan = context.plan(relation);
        HANDED_ON.set(false);
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(forget(plan?)?, None))))
    }
}

fn is_keyless(plan: &LogicalPlan) -> bool {
    plan.schema().functional_dependencies().is_empty()
}

/// The plan without the keys its schema shows; those further below are not looked at.
fn forget(plan: LogicalPlan) -> Result<LogicalPlan> {
    if is_keyless(&plan) {
        return Ok(plan);
    }
    match plan {
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Repartition(_)
        | LogicalPlan::Subquery(_)
        | LogicalPlan::Distinct(Distinct::All(_)) => {
            Ok(plan.map_children(|input| forget(input).map(Transformed::yes))?.data)
        }
        plan => Ok(forget_own(plan)?.data),
    }
}

/// The plan and everything in it without keys.
fn forget_all(plan: LogicalPlan) -> Result<LogicalPlan> {
    Ok(plan.transform_down_with_subqueries(forget_own)?.data)
}

fn forget_own(mut plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let Some(schema) = own_schema(&mut plan).filter(|schema| !schema.functional_dependencies().is_empty()) else {
        return Ok(Transformed::no(plan));
    };
    let keyless = schema.as_ref().clone().with_functional_dependencies(FunctionalDependencies::empty())?;
    *schema = Arc::new(keyless);
    Ok(Transformed::yes(plan))
}

/// The schema of a node that has one of its own; the others show their input's, or never have keys.
fn own_schema(plan: &mut LogicalPlan) -> Option<&mut DFSchemaRef> {
    match plan {
        LogicalPlan::Projection(node) => Some(&mut node.schema),
        LogicalPlan::Window(node) => Some(&mut node.schema),
        LogicalPlan::Aggregate(node) => Some(&mut node.schema),
        LogicalPlan::Join(node) => Some(&mut node.schema),
        LogicalPlan::Union(node) => Some(&mut node.schema),
        LogicalPlan::SubqueryAlias(node) => Some(&mut node.schema),
        LogicalPlan::Unnest(node) => Some(&mut node.schema),
        LogicalPlan::RecursiveQuery(node) => Some(&mut node.schema),
        LogicalPlan::EmptyRelation(node) => Some(&mut node.schema),
        LogicalPlan::Values(node) => Some(&mut node.schema),
        LogicalPlan::TableScan(node) => Some(&mut node.projected_schema),
        LogicalPlan::Distinct(Distinct::On(node)) => Some(&mut node.schema),
        _ => None,
    }
}
