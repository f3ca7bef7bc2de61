//! `a || b` as a function within bounds: DataFusion accounts for no operator's answer, and a chain of them doubles.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, internal_err};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, Literal, binary};

use super::bounded;

/// Puts the function in the operator's place, once types are settled.
#[derive(Debug)]
pub(super) struct Joining(Arc<ScalarUDF>);

impl Joining {
    pub(super) fn new(runtime: &RuntimeEnv) -> Self {
        let operator =
            Arc::new(ScalarUDF::new_from_impl(Joined { signature: Signature::any(2, Volatility::Immutable) }));
        Self(bounded::bounded(vec![operator.clone()], runtime).pop().unwrap_or(operator))
    }

    fn in_expression(&self, expression: Expr) -> Result<Transformed<Expr>> {
        expression.transform_up(|expression| match expression {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) => {
                let call = ScalarFunction::new_udf(Arc::clone(&self.0), vec![*left, *right]);
                Ok(Transformed::yes(Expr::ScalarFunction(call)))
            }
            other => Ok(Transformed::no(other)),
        })
    }
}

impl AnalyzerRule for Joining {
    fn name(&self) -> &'static str {
        "bounded_joining"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let done = plan.transform_up_with_subqueries(|plan| plan.map_expressions(|found| self.in_expression(found)))?;
        Ok(done.data)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Joined {
    signature: Signature,
}

/// Named as the operator is, so that columns are called what they were called.
impl ScalarUDFImpl for Joined {
    fn name(&self) -> &'static str {
        bounded::JOINED
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let names: Vec<String> = args.iter().map(|arg| arg.schema_name().to_string()).collect();
        Ok(names.join(" || "))
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let [left, right] = types else { return internal_err!("|| joins two texts") };
        BinaryTypeCoercer::new(left, &Operator::StringConcat, right).get_result_type()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (mut fields, mut columns, mut sides) = (Vec::new(), Vec::<ArrayRef>::new(), Vec::new());
        for value in args.args {
            let side: Arc<dyn PhysicalExpr> = match value {
                ColumnarValue::Scalar(scalar) => Arc::new(Literal::new(scalar)),
                ColumnarValue::Array(array) => {
                    fields.push(Field::new("side", array.data_type().clone(), true));
                    columns.push(array);
                    Arc::new(Column::new("side", columns.len() - 1))
                }
            };
            sides.push(side);
        }
        let (Some(right), Some(left)) = (sides.pop(), sides.pop()) else { return internal_err!("|| joins two texts") };
        let schema = Arc::new(Schema::new(fields));
        let joined = binary(left, Operator::StringConcat, right, &schema)?;
        let options = RecordBatchOptions::new().with_row_count(Some(args.number_rows));
        joined.evaluate(&RecordBatch::try_new_with_options(schema, columns, &options)?)
    }
}
