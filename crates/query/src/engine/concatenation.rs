//! `||` within bounds: a text put together with itself, step by step, doubles with each.

use std::sync::Arc;

use arrow::compute::cast;
use arrow::compute::kernels::concat_elements::concat_elements_dyn;
use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;

use super::bounded;

/// Replaces the operator by a function that is held to what it may make, once the types are known.
#[derive(Debug)]
pub(super) struct BoundedConcatenation(Option<usize>);

impl BoundedConcatenation {
    pub(super) fn new(runtime: &RuntimeEnv) -> Self {
        Self(bounded::limit(runtime))
    }
}

impl AnalyzerRule for BoundedConcatenation {
    fn name(&self) -> &'static str {
        "bounded_concatenation"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let Some(limit) = self.0 else { return Ok(plan) };
        Ok(plan.transform_up_with_subqueries(|plan| in_plan(plan, limit))?.data)
    }
}

fn in_plan(plan: LogicalPlan, limit: usize) -> Result<Transformed<LogicalPlan>> {
    let (schema, names) = (merge_schema(&plan.inputs()), NamePreserver::new(&plan));
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let done = expr.transform_up(|expr| within(expr, &schema, limit))?;
        Ok(if done.transformed { done.update_data(|expr| name.restore(expr)) } else { done })
    })
}

fn within(expr: Expr, schema: &DFSchema, limit: usize) -> Result<Transformed<Expr>> {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) = &expr else {
        return Ok(Transformed::no(expr));
    };
    let data_type = expr.get_type(schema)?;
    if !data_type.is_string() {
        return Ok(Transformed::no(expr));
    }
    let joined = Joined { data_type, signature: Signature::any(2, Volatility::Immutable) };
    let function = Arc::new(ScalarUDF::new_from_impl(bounded::together_within(Arc::new(joined), limit)));
    let args = vec![left.as_ref().clone(), right.as_ref().clone()];
    Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(function, args))))
}

/// `||` of texts.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Joined {
    data_type: DataType,
    signature: Signature,
}

impl ScalarUDFImpl for Joined {
    fn name(&self) -> &'static str {
        "||"
    }

    /// As the operator's.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let [left, right] = args else { return Ok(self.name().to_owned()) };
        Ok(format!("{} || {}", left.schema_name(), right.schema_name()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.data_type.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let text = |at: usize| {
            Ok::<_, datafusion::error::DataFusionError>(cast(&args.args[at].to_array(rows)?, &self.data_type)?)
        };
        let joined = concat_elements_dyn(&text(0)?, &text(1)?)?;
        Ok(if constant {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&joined, 0)?)
        } else {
            ColumnarValue::Array(joined)
        })
    }
}
