//! Numbers of rows as whole numbers like all others.
//!
//! DataFusion's are unsigned: what lies below zero in `row_number() OVER a - row_number() OVER b` can't be said in
//! them.

use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawWindowExpr};
use datafusion::logical_expr::{Expr, WindowFunctionDefinition, cast};

/// Functions that count rows.
const COUNTING: [&str; 4] = ["row_number", "rank", "dense_rank", "ntile"];

/// Plans calls of these as BIGINT.
#[derive(Debug)]
pub(super) struct Signed;

impl ExprPlanner for Signed {
    fn plan_window(&self, call: RawWindowExpr) -> Result<PlannerResult<RawWindowExpr>> {
        let counts = matches!(&call.func_def, WindowFunctionDefinition::WindowUDF(function) if COUNTING.contains(&function.name()));
        if !counts {
            return Ok(PlannerResult::Original(call));
        }
        let RawWindowExpr { func_def, args, partition_by, order_by, window_frame, filter, null_treatment, distinct } =
            call;
        let params =
            WindowFunctionParams { args, partition_by, order_by, window_frame, filter, null_treatment, distinct };
        let call = Expr::from(WindowFunction { fun: func_def, params });
        Ok(PlannerResult::Planned(cast(call, DataType::Int64)))
    }
}
