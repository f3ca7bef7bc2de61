//! Filters that stay above an aggregation.
//!
//! DataFusion pushes a filter below an aggregation where all its columns are group keys, and takes that to hold for a
//! filter without columns. An aggregation without groups then yields its one row over nothing, instead of none.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Filter, LogicalPlan};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

/// The rule that is guarded.
pub(super) const RULE: &str = "push_down_filter";

/// The rule, but for filters above an aggregation that don't speak of its groups.
#[derive(Debug)]
pub(super) struct Guarded(pub(super) Arc<dyn OptimizerRule + Send + Sync>);

impl OptimizerRule for Guarded {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Filter(filter) = &plan else { return self.0.rewrite(plan, config) };
        let (predicates, input) = filters(filter);
        let LogicalPlan::Aggregate(_) = input.as_ref() else { return self.0.rewrite(plan, config) };
        let (pushed, kept): (Vec<Expr>, Vec<Expr>) = predicates.into_iter().partition(speaks_of_groups);
        let Some(kept) = conjunction(kept) else { return self.0.rewrite(plan, config) };
        let below = match conjunction(pushed) {
            Some(pushed) => self.0.rewrite(filtered(pushed, &input), config)?,
            None => return Ok(Transformed::no(plan)),
        };
        Ok(below.update_data(|below| filtered(kept, &Arc::new(below))))
    }
}

/// What a filter and those directly below it ask for, and what they ask it of.
fn filters(filter: &Filter) -> (Vec<Expr>, Arc<LogicalPlan>) {
    let (mut predicates, input) = match filter.input.as_ref() {
        LogicalPlan::Filter(below) => filters(below),
        _ => (Vec::new(), Arc::clone(&filter.input)),
    };
    predicates.extend(split_conjunction_owned(filter.predicate.clone()));
    (predicates, input)
}

/// Chance is drawn once a group above the aggregation, and once a row below it.
fn speaks_of_groups(predicate: &Expr) -> bool {
    !predicate.column_refs().is_empty() && !predicate.is_volatile()
}

fn filtered(predicate: Expr, input: &Arc<LogicalPlan>) -> LogicalPlan {
    LogicalPlan::Filter(Filter::new(predicate, Arc::clone(input)))
}
