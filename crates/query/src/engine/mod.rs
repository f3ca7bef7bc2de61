//! How DataFusion is set up wherever sellerlake's SQL runs, so that one text means one thing everywhere.

mod arithmetic;
mod average;
mod bounded;
mod casts;
mod checkpoint;
mod concatenation;
mod constants;
mod decimal;
mod division;
mod forgotten;
mod interrupt;
mod keys;
mod last;
mod names;
mod ordering;
mod pushdown;
mod row_numbers;
mod subqueries;
mod sum;
mod unordered;
mod windows;

use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::optimizer::{Analyzer, Optimizer, OptimizerRule};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::SessionConfig;

pub(crate) use casts::WRITTEN_CAST;

use crate::naming::{CATALOG, LAKE};

/// What sessions and stages are built from: DataFusion's rules where they are right, ours where they aren't.
pub fn engine(target_partitions: usize, runtime: &Arc<RuntimeEnv>) -> SessionStateBuilder {
    let mut analysis = Analyzer::new().rules;
    analysis.push(Arc::new(windows::BoundedWindows::new(runtime)));
    analysis.push(Arc::new(arithmetic::Checked));
    analysis.push(Arc::new(concatenation::BoundedConcatenation::new(runtime)));
    analysis.push(Arc::new(casts::Kept));
    analysis.push(Arc::new(ordering::OrderedOnce));
    analysis.push(Arc::new(keys::Forget));
    let mut rewriting: Vec<_> = Optimizer::new().rules.into_iter().map(mended).collect();
    rewriting.push(Arc::new(ordering::OrderedOnce));
    let mut execution: Vec<_> = PhysicalOptimizer::new().rules.into_iter().filter(reads).map(gated).collect();
    let after = execution.iter().position(|rule| rule.name() == interrupt::AFTER).map_or(0, |at| at + 1);
    execution.insert(after, Arc::new(interrupt::Interruptible));
    execution.push(Arc::new(constants::BoundedConstants::new(runtime)));
    execution.insert(0, Arc::new(unordered::Unordered));
    let mut builder = SessionStateBuilder::new()
        .with_config(config(target_partitions))
        .with_runtime_env(Arc::clone(runtime))
        .with_default_features();
    let mut functions = builder.scalar_functions().take().unwrap_or_default();
    functions.push(casts::written());
    let aggregates = builder.aggregate_functions().take().unwrap_or_default();
    builder.expr_planners().get_or_insert_default().push(Arc::new(row_numbers::Signed));
    builder
        .with_scalar_functions(bounded::bounded(functions, runtime))
        .with_aggregate_functions(last::of_some(average::rounding(sum::exact(aggregates))))
        .with_relation_planners(vec![Arc::new(keys::ForgetRelations)])
        .with_analyzer_rules(analysis)
        .with_optimizer_rules(rewriting)
        .with_physical_optimizer_rules(execution)
}

/// The same rule, held to what it may rely on.
fn mended(rule: Arc<dyn OptimizerRule + Send + Sync>) -> Arc<dyn OptimizerRule + Send + Sync> {
    match rule.name() {
        name if keys::TRUSTING.contains(&name) => Arc::new(keys::Distrusting(rule)),
        pushdown::RULE => Arc::new(pushdown::Guarded(rule)),
        subqueries::RULE => Arc::new(subqueries::Everywhere(rule)),
        _ => rule,
    }
}

/// The rule that answers counts and bounds from the catalogue, which would count objects that are gone.
const UNREAD: &str = "aggregate_statistics";

fn reads(rule: &Arc<dyn PhysicalOptimizerRule + Send + Sync>) -> bool {
    rule.name() != UNREAD
}

fn gated(rule: Arc<dyn PhysicalOptimizerRule + Send + Sync>) -> Arc<dyn PhysicalOptimizerRule + Send + Sync> {
    if names::RULES.contains(&rule.name()) { Arc::new(names::Gated(rule)) } else { rule }
}

/// Number literals are exact decimals, and text is Utf8 wherever a table doesn't say otherwise.
fn config(target_partitions: usize) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(target_partitions.max(1))
        .with_default_catalog_and_schema(CATALOG, LAKE)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true);
    let options = config.options_mut();
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.parquet.schema_force_view_types = false;
    // Rows that can't raise one max() any more are left out, though another max() of the SELECT may want them.
    options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    // What is never NULL for one half of the planner may be for the other: no reason to refuse.
    options.execution.skip_physical_aggregate_schema_check = true;
    // Grouping by order or item meets few rows a group: two passes over them cost more than they save.
    options.execution.skip_partial_aggregation_probe_ratio_threshold = 0.5;
    config
}

#[cfg(test)]
mod tests {
    use datafusion::optimizer::Optimizer;

    use super::{PhysicalOptimizer, UNREAD, interrupt, keys, names, pushdown, subqueries};

    #[test]
    fn every_rule_to_mend_is_there() {
        for name in [UNREAD, interrupt::AFTER].into_iter().chain(names::RULES) {
            assert!(PhysicalOptimizer::new().rules.iter().any(|rule| rule.name() == name));
        }
        let rules = Optimizer::new().rules;
        for name in keys::TRUSTING.iter().chain([&pushdown::RULE, &subqueries::RULE]) {
            assert!(rules.iter().any(|rule| rule.name() == *name), "DataFusion has no rule {name:?} any more");
        }
    }
}
