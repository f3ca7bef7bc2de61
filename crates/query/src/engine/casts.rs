//! Casts that lose digits stay where they were written.
//!
//! DataFusion compares `CAST(x AS BIGINT) = 24` by casting 24 instead and comparing it with x: 24.99 is then another
//! number, although its cast is 24. Casts that lose nothing may be turned round; the others hide in a function.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;

/// Hides casts that lose digits, once the types are known.
#[derive(Debug)]
pub(super) struct Kept;

impl AnalyzerRule for Kept {
    fn name(&self) -> &'static str {
        "kept_casts"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(kept_in_plan)?.data)
    }
}

fn kept_in_plan(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let mut casts = false;
    plan.apply_expressions(|expr| {
        casts |= expr.exists(|expr| Ok(matches!(expr, Expr::Cast(_) | Expr::TryCast(_))))?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    if !casts {
        return Ok(Transformed::no(plan));
    }
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        Ok(expr.transform_up(|expr| kept(expr, &schema))?.update_data(|expr| name.restore(expr)))
    })
}

fn kept(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let inner = match &expr {
        Expr::Cast(cast) => &cast.expr,
        Expr::TryCast(cast) => &cast.expr,
        _ => return Ok(Transformed::no(expr)),
    };
    if !loses_digits(&inner.get_type(schema)?, &expr.get_type(schema)?) {
        return Ok(Transformed::no(expr));
    }
    let function = Arc::new(ScalarUDF::new_from_impl(AsCast(Signature::any(1, Volatility::Immutable))));
    Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![expr]))))
}

/// Whether two values of the one type may be the same value of the other.
fn loses_digits(from: &DataType, to: &DataType) -> bool {
    use DataType::{Decimal32, Decimal64, Decimal128, Decimal256, Timestamp};
    let scale = |kind: &DataType| match kind {
        Decimal32(_, scale) | Decimal64(_, scale) | Decimal128(_, scale) | Decimal256(_, scale) => Some(*scale),
        kind if kind.is_integer() => Some(0),
        _ => None,
    };
    let fineness = |unit: &TimeUnit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    };
    match (from, to) {
        (Timestamp(from, _), Timestamp(to, _)) => fineness(to) < fineness(from),
        (from, to) if from.is_floating() => scale(to).is_some(),
        (from, to) => scale(from).zip(scale(to)).is_some_and(|(from, to)| to < from),
    }
}

/// The name by which statements call [`written`].
pub(crate) const WRITTEN_CAST: &str = "written_cast";

/// A function that gives its argument, a cast, as it is, and is called as the cast is written.
pub(super) fn written() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(NamedCast(Signature::any(1, Volatility::Immutable))))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct NamedCast(Signature);

impl ScalarUDFImpl for NamedCast {
    fn name(&self) -> &'static str {
        WRITTEN_CAST
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        Ok(args.first().map_or_else(|| self.name().to_owned(), ToString::to_string))
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(arg_types[0].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::clone(&args.arg_fields[0]))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(args.args[0].clone())
    }
}

/// Gives its argument, a cast, as it is.
#[derive(Debug, PartialEq, Eq, Hash)]
struct AsCast(Signature);

impl ScalarUDFImpl for AsCast {
    fn name(&self) -> &'static str {
        "as_cast"
    }

    /// As the cast's.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        Ok(args.first().map_or_else(|| self.name().to_owned(), |cast| cast.schema_name().to_string()))
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(arg_types[0].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::clone(&args.arg_fields[0]))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(args.args[0].clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cast_loses_digits_where_its_type_has_fewer() {
        let decimal = |scale| DataType::Decimal128(18, scale);
        let stamp = |unit| DataType::Timestamp(unit, None);
        for (from, to, expected) in [
            (decimal(4), DataType::Int64, true),
            (decimal(4), decimal(2), true),
            (decimal(2), decimal(4), false),
            (decimal(0), DataType::Int64, false),
            (DataType::Int32, DataType::Int64, false),
            (DataType::Int64, decimal(2), false),
            (DataType::Float64, DataType::Int64, true),
            (stamp(TimeUnit::Microsecond), stamp(TimeUnit::Second), true),
            (stamp(TimeUnit::Second), stamp(TimeUnit::Microsecond), false),
            (DataType::Utf8, DataType::Int64, false),
        ] {
            assert_eq!(loses_digits(&from, &to), expected, "{from} to {to}");
        }
    }
}
