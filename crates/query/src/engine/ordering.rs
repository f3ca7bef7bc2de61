//! What rows are ordered by, once each.
//!
//! `first_value`, `last_value` and DISTINCT ON break off in DataFusion where the same expression orders twice: as it
//! was written, and as it is once `coalesce(sku, '-')` of a `sku` that is never NULL has become `sku`.

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan};
use datafusion::optimizer::{AnalyzerRule, ApplyOrder, OptimizerConfig, OptimizerRule};

/// Drops from an ORDER BY what is in it before.
#[derive(Debug)]
pub(super) struct OrderedOnce;

impl AnalyzerRule for OrderedOnce {
    fn name(&self) -> &'static str {
        "order_once"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(once_in_plan)?.data)
    }
}

/// The same after expressions were simplified: it comes last.
impl OptimizerRule for OrderedOnce {
    fn name(&self) -> &'static str {
        "order_once"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        once_in_plan(plan)
    }
}

fn once_in_plan(mut plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    match &mut plan {
        LogicalPlan::Distinct(Distinct::On(distinct)) => {
            let sort = distinct.sort_expr.as_mut();
            let dropped = sort.is_some_and(once);
            Ok(Transformed::new_transformed(plan, dropped))
        }
        LogicalPlan::Aggregate(_) => {
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                Ok(expr.transform_up(|expr| Ok(once_in_call(expr)))?.update_data(|expr| name.restore(expr)))
            })
        }
        _ => Ok(Transformed::no(plan)),
    }
}

fn once_in_call(mut expr: Expr) -> Transformed<Expr> {
    let dropped = match &mut expr {
        Expr::AggregateFunction(call) => once(&mut call.params.order_by),
        _ => false,
    };
    Transformed::new_transformed(expr, dropped)
}

/// Whether something was dropped.
fn once(sort: &mut Vec<Sort>) -> bool {
    let before = sort.len();
    let mut seen: Vec<Expr> = Vec::new();
    sort.retain(|key| {
        // Simplified, it still has the name of what it was.
        let expr = key.expr.clone().unalias_nested().data;
        let new = !seen.contains(&expr);
        if new {
            seen.push(expr);
        }
        new
    });
    sort.len() < before
}
