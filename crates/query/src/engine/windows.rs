//! Aggregates that put together whatever they meet, over windows: a running list is as long as all rows before, at
//! every row. What they make is taken from the session's memory, which DataFusion's windows don't ask for it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, ScalarValue};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::expr::WindowFunctionParams;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, LogicalPlan, ReversedUDAF, Signature, WindowFunctionDefinition,
};
use datafusion::optimizer::AnalyzerRule;

/// Those whose answer grows with what they have seen.
const GROWING: [&str; 2] = ["array_agg", "string_agg"];

/// Bounds them.
#[derive(Debug)]
pub(super) struct BoundedWindows(Arc<dyn MemoryPool>);

impl BoundedWindows {
    pub(super) fn new(runtime: &RuntimeEnv) -> Self {
        Self(Arc::clone(&runtime.memory_pool))
    }

    fn in_expression(&self, expression: Expr) -> Result<Transformed<Expr>> {
        expression.transform_up(|expression| {
            let Expr::WindowFunction(mut window) = expression else { return Ok(Transformed::no(expression)) };
            let WindowFunctionDefinition::AggregateUDF(function) = &window.fun else {
                return Ok(Transformed::no(Expr::WindowFunction(window)));
            };
            if !GROWING.contains(&function.name()) || function.inner().is::<OverRows>() {
                return Ok(Transformed::no(Expr::WindowFunction(window)));
            }
            window.fun = WindowFunctionDefinition::AggregateUDF(bounded(function, &self.0));
            Ok(Transformed::yes(Expr::WindowFunction(window)))
        })
    }
}

impl AnalyzerRule for BoundedWindows {
    fn name(&self) -> &'static str {
        "bounded_windows"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let done = plan.transform_up_with_subqueries(|plan| plan.map_expressions(|found| self.in_expression(found)))?;
        Ok(done.data)
    }
}

fn bounded(function: &AggregateUDF, pool: &Arc<dyn MemoryPool>) -> Arc<AggregateUDF> {
    let inner = Arc::clone(function.inner());
    Arc::new(AggregateUDF::new_from_impl(OverRows { inner, pool: Arc::clone(pool) }))
}

/// Such an aggregate over the rows of a window.
#[derive(Debug)]
struct OverRows {
    inner: Arc<dyn AggregateUDFImpl>,
    pool: Arc<dyn MemoryPool>,
}

impl PartialEq for OverRows {
    fn eq(&self, other: &Self) -> bool {
        self.inner.name() == other.inner.name()
    }
}

impl Eq for OverRows {}

impl Hash for OverRows {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.name().hash(state);
    }
}

impl OverRows {
    fn counted(&self, inner: Box<dyn Accumulator>) -> Box<dyn Accumulator> {
        let made = MemoryConsumer::new(format!("{}() OVER", self.inner.name())).register(&self.pool);
        Box::new(Counted { inner, made, rows: 0, is_first: true })
    }
}

/// All that windows ask is the inner function's.
impl AggregateUDFImpl for OverRows {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn window_function_schema_name(&self, params: &WindowFunctionParams) -> Result<String> {
        self.inner.window_function_schema_name(params)
    }

    fn window_function_display_name(&self, params: &WindowFunctionParams) -> Result<String> {
        self.inner.window_function_display_name(params)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        self.inner.return_field(fields)
    }

    fn is_nullable(&self) -> bool {
        self.inner.is_nullable()
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(self.counted(self.inner.accumulator(args)?))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(self.counted(self.inner.create_sliding_accumulator(args)?))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        match self.inner.reverse_expr() {
            ReversedUDAF::Identical => ReversedUDAF::Identical,
            ReversedUDAF::NotSupported => ReversedUDAF::NotSupported,
            ReversedUDAF::Reversed(function) => ReversedUDAF::Reversed(bounded(&function, &self.pool)),
        }
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        self.inner.default_value(data_type)
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.inner.supports_null_handling_clause()
    }

    fn supports_within_group_clause(&self) -> bool {
        self.inner.supports_within_group_clause()
    }
}

/// Takes memory for whatever it yields.
#[derive(Debug)]
struct Counted {
    inner: Box<dyn Accumulator>,
    made: MemoryReservation,
    rows: usize,
    is_first: bool,
}

impl Accumulator for Counted {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.rows += values.first().map_or(0, |values| values.len());
        self.inner.update_batch(values)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        // What it yields first may be the answer for all rows it has seen, and is then written down for each.
        let times = if std::mem::take(&mut self.is_first) { self.rows.max(1) } else { 1 };
        let value = self.inner.evaluate()?;
        self.made.try_grow(value.size().saturating_mul(times))?;
        Ok(value)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}
