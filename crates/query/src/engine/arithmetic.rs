//! Arithmetic that yields the right number or an error.
//!
//! DataFusion's `+`, `-` and `*` of whole numbers begin anew at the other end where a result doesn't fit, and so does
//! the minus before one. Its decimals may grow longer than the longest type, which then shows them without their last
//! digits. Both become functions that look. Division of decimals becomes one that rounds.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::kernels::numeric;
use arrow::datatypes::{DataType, FieldRef};
use arrow::error::ArrowError;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr_common::datum::apply;

use super::decimal::{fits_all, is_longest};
use super::division::DecimalQuotient;

/// Replaces operators whose results may not fit, once the types are known.
#[derive(Debug)]
pub(super) struct Checked;

impl AnalyzerRule for Checked {
    fn name(&self) -> &'static str {
        "checked_arithmetic"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(checked_plan)?.data)
    }
}

fn checked_plan(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let mut calculates = false;
    plan.apply_expressions(|expr| {
        calculates |= expr.exists(|expr| Ok(matches!(expr, Expr::BinaryExpr(_) | Expr::Negative(_))))?;
        Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
    })?;
    if !calculates {
        return Ok(Transformed::no(plan));
    }
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        Ok(expr.transform_up(|expr| checked(expr, &schema))?.update_data(|expr| name.restore(expr)))
    })
}

fn checked(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let done = match &expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if op.is_numerical_operators() => {
            let (left_type, right_type) = (left.get_type(schema)?, right.get_type(schema)?);
            if wraps(*op) && left_type.is_integer() && left_type == right_type {
                call(Whole::new(*op), vec![left.as_ref().clone(), right.as_ref().clone()])
            } else if *op == Operator::Divide && left_type.is_decimal() && right_type.is_decimal() {
                let data_type = expr.get_type(schema)?;
                call(DecimalQuotient::new(data_type), vec![left.as_ref().clone(), right.as_ref().clone()])
            } else if is_longest(&expr.get_type(schema)?) {
                call(Long::new(), vec![expr])
            } else {
                return Ok(Transformed::no(expr));
            }
        }
        Expr::Negative(inner) => {
            let inner_type = inner.get_type(schema)?;
            if !inner_type.is_signed_integer() {
                return Ok(Transformed::no(expr));
            }
            call(Negated::new(), vec![inner.as_ref().clone()])
        }
        _ => return Ok(Transformed::no(expr)),
    };
    Ok(Transformed::yes(done))
}

/// Division and remainder are checked as they are.
fn wraps(op: Operator) -> bool {
    matches!(op, Operator::Plus | Operator::Minus | Operator::Multiply)
}

fn call(function: impl ScalarUDFImpl + 'static, args: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::new_from_impl(function)), args))
}

/// `+`, `-` or `*` of whole numbers.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Whole {
    op: Operator,
    signature: Signature,
}

impl Whole {
    fn new(op: Operator) -> Self {
        Self { op, signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Whole {
    fn name(&self) -> &'static str {
        match self.op {
            Operator::Plus => "checked_add",
            Operator::Minus => "checked_subtract",
            _ => "checked_multiply",
        }
    }

    /// As the operator's.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let [left, right] = args else { return Ok(self.name().to_owned()) };
        Ok(format!("{} {} {}", left.schema_name(), self.op, right.schema_name()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(arg_types[0].clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let kernel = match self.op {
            Operator::Plus => numeric::add,
            Operator::Minus => numeric::sub,
            _ => numeric::mul,
        };
        apply(&args.args[0], &args.args[1], kernel)
    }
}

/// The minus before a whole number.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Negated(Signature);

impl Negated {
    fn new() -> Self {
        Self(Signature::any(1, Volatility::Immutable))
    }
}

impl ScalarUDFImpl for Negated {
    fn name(&self) -> &'static str {
        "checked_negative"
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        Ok(format!("(- {})", args[0].schema_name()))
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(arg_types[0].clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        each(&args.args[0], |array| numeric::neg(&array))
    }
}

/// What an operator makes of decimals, where its type has no room left.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Long(Signature);

impl Long {
    fn new() -> Self {
        Self(Signature::any(1, Volatility::Immutable))
    }
}

impl ScalarUDFImpl for Long {
    fn name(&self) -> &'static str {
        "checked_decimal"
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        Ok(args[0].schema_name().to_string())
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(arg_types[0].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::clone(&args.arg_fields[0]))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        each(&args.args[0], |array| fits_all(array).map(|()| Arc::clone(array)))
    }
}

fn each(value: &ColumnarValue, of: impl Fn(&ArrayRef) -> Result<ArrayRef, ArrowError>) -> Result<ColumnarValue> {
    Ok(match value {
        ColumnarValue::Array(array) => ColumnarValue::Array(of(array)?),
        ColumnarValue::Scalar(scalar) => {
            let array = of(&scalar.to_array()?)?;
            ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)
        }
    })
}
