//! Functions that can make much out of little, within bounds.
//!
//! DataFusion accounts for what its operators hold, not for what a function returns: `repeat('x', 2000000000)` would
//! take 2 GB, and as much for every row of a batch.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::kernels::length::length;
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{DataFusionError, ExprSchema, Result, ScalarValue};
use datafusion::execution::memory_pool::MemoryLimit;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ExpressionPlacement, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature,
};
use sellerlake_contracts::{Error, Kind};

/// What a call would take, in bytes: an upper bound, near enough to refuse by.
type Estimate = fn(&ScalarFunctionArgs) -> Result<f64>;

/// By name, of functions whose answer isn't bounded by their arguments' size.
const ESTIMATES: [(&str, Estimate); 16] = [
    ("repeat", repeated),
    ("lpad", padded),
    ("rpad", padded),
    ("replace", replaced),
    ("regexp_replace", replaced_by_pattern),
    ("concat", joined),
    ("concat_ws", joined),
    ("levenshtein", compared),
    ("range", series),
    ("generate_series", series),
    ("array_repeat", repeated_in_list),
    ("array_resize", resized),
    ("array_to_string", written_out),
    ("array_concat", together),
    ("array_append", together),
    ("make_array", together),
];

/// Longest text that a call may make of constants, in bytes.
const CONSTANT_BYTES: f64 = 4_194_304.0;

/// The same functions, those of the list refusing what would take more than a quarter of the memory.
pub(super) fn bounded(functions: Vec<Arc<ScalarUDF>>, runtime: &RuntimeEnv) -> Vec<Arc<ScalarUDF>> {
    let Some(limit_bytes) = limit(runtime) else { return functions };
    let bound = |function: Arc<ScalarUDF>| match ESTIMATES.iter().find(|(name, _)| *name == function.name()) {
        None => function,
        Some((_, estimate)) => {
            let inner = Arc::clone(function.inner());
            Arc::new(ScalarUDF::new_from_impl(Bounded { inner, estimate: *estimate, limit_bytes }))
        }
    };
    functions.into_iter().map(bound).collect()
}

/// What one call may make, where memory has a limit.
pub(super) fn limit(runtime: &RuntimeEnv) -> Option<usize> {
    match runtime.memory_pool.memory_limit() {
        MemoryLimit::Finite(memory) => Some(memory / 4),
        _ => None,
    }
}

/// The function, which makes as much as its arguments are long, within this limit.
pub(super) fn together_within(inner: Arc<dyn ScalarUDFImpl>, limit_bytes: usize) -> impl ScalarUDFImpl {
    Bounded { inner, estimate: together, limit_bytes }
}

/// One number a row, or one for all rows.
struct Numbers(Int64Array);

impl Numbers {
    fn new(value: &ColumnarValue, of: fn(&ArrayRef) -> Result<ArrayRef>) -> Result<Self> {
        let array = match value {
            ColumnarValue::Array(array) => Arc::clone(array),
            ColumnarValue::Scalar(scalar) => scalar.to_array_of_size(1)?,
        };
        Ok(Self(cast(&of(&array)?, &DataType::Int64)?.as_primitive::<Int64Type>().clone()))
    }

    fn lengths(value: &ColumnarValue) -> Result<Self> {
        Self::new(value, |array| match array.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(length(array)?),
            _ => Ok(Arc::new(Int64Array::from(vec![0; array.len()]))),
        })
    }

    fn counts(value: &ColumnarValue) -> Result<Self> {
        Self::new(value, |array| Ok(Arc::clone(array)))
    }

    /// NULL makes nothing, and neither does less than nothing.
    fn at(&self, row: usize) -> f64 {
        let row = if self.0.len() == 1 { 0 } else { row };
        if self.0.is_null(row) { 0.0 } else { self.0.value(row).max(0) as f64 }
    }
}

fn sum(args: &ScalarFunctionArgs, of: impl Fn(usize) -> f64) -> f64 {
    // A function of constants is asked once, whatever the rows.
    let constant = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
    (0..if constant { 1 } else { args.number_rows }).map(of).sum()
}

fn repeated(args: &ScalarFunctionArgs) -> Result<f64> {
    let [text, count] = &args.args[..] else { return Ok(0.0) };
    let (lengths, counts) = (Numbers::lengths(text)?, Numbers::counts(count)?);
    Ok(sum(args, |row| lengths.at(row) * counts.at(row)))
}

/// A character has four bytes at most.
fn padded(args: &ScalarFunctionArgs) -> Result<f64> {
    let [_, count, ..] = &args.args[..] else { return Ok(0.0) };
    let counts = Numbers::counts(count)?;
    Ok(sum(args, |row| 4.0 * counts.at(row)))
}

/// As if nothing else stood in the text.
fn replaced(args: &ScalarFunctionArgs) -> Result<f64> {
    let [text, from, to] = &args.args[..] else { return Ok(0.0) };
    let (texts, froms, tos) = (Numbers::lengths(text)?, Numbers::lengths(from)?, Numbers::lengths(to)?);
    Ok(sum(args, |row| texts.at(row) + texts.at(row) / froms.at(row).max(1.0) * tos.at(row)))
}

fn replaced_by_pattern(args: &ScalarFunctionArgs) -> Result<f64> {
    let [text, _, to, ..] = &args.args[..] else { return Ok(0.0) };
    let (texts, tos) = (Numbers::lengths(text)?, Numbers::lengths(to)?);
    Ok(sum(args, |row| texts.at(row) + (texts.at(row) + 1.0) * tos.at(row)))
}

fn joined(args: &ScalarFunctionArgs) -> Result<f64> {
    let lengths = args.args.iter().map(Numbers::lengths).collect::<Result<Vec<_>>>()?;
    let separator = lengths.first().filter(|_| lengths.len() > 2);
    let between = |row| separator.map_or(0.0, |length| length.at(row) * lengths.len() as f64);
    Ok(sum(args, |row| between(row) + lengths.iter().map(|length| length.at(row)).sum::<f64>()))
}

/// Not memory but time: every character of one is held against every character of the other.
fn compared(args: &ScalarFunctionArgs) -> Result<f64> {
    let [one, other] = &args.args[..] else { return Ok(0.0) };
    let (one, other) = (Numbers::lengths(one)?, Numbers::lengths(other)?);
    Ok(sum(args, |row| one.at(row) * other.at(row) / 16.0))
}

/// Bytes of a number or a time in a list.
const ITEM: f64 = 8.0;

fn series(args: &ScalarFunctionArgs) -> Result<f64> {
    let no_start = ColumnarValue::Scalar(ScalarValue::Int64(Some(0)));
    let (start, stop, step) = match &args.args[..] {
        [stop] => (&no_start, stop, None),
        [start, stop] => (start, stop, None),
        [start, stop, step] => (start, stop, Some(step)),
        _ => return Ok(0.0),
    };
    let steps = |row: usize| -> Result<f64> {
        let step = step.map_or(Ok(1.0), |step| place(step, row))?.abs();
        Ok((place(stop, row)? - place(start, row)?).abs() / if step > 0.0 { step } else { 1.0 })
    };
    let constant = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
    (0..if constant { 1 } else { args.number_rows }).map(|row| Ok(ITEM * steps(row)?)).sum()
}

/// Where a number stands, or a moment, in seconds; how far a step goes.
fn place(value: &ColumnarValue, row: usize) -> Result<f64> {
    let scalar = match value {
        ColumnarValue::Scalar(scalar) => scalar.clone(),
        ColumnarValue::Array(array) => ScalarValue::try_from_array(array, row)?,
    };
    Ok(match scalar {
        ScalarValue::Date32(Some(days)) => f64::from(days) * 86400.0,
        ScalarValue::TimestampSecond(Some(count), _) => count as f64,
        ScalarValue::TimestampMillisecond(Some(count), _) => count as f64 / 1e3,
        ScalarValue::TimestampMicrosecond(Some(count), _) => count as f64 / 1e6,
        ScalarValue::TimestampNanosecond(Some(count), _) => count as f64 / 1e9,
        ScalarValue::IntervalMonthDayNano(Some(step)) => {
            (f64::from(step.months) * 28.0 + f64::from(step.days)) * 86400.0 + step.nanoseconds as f64 / 1e9
        }
        other => match other.cast_to(&DataType::Float64) {
            Ok(ScalarValue::Float64(Some(number))) => number,
            _ => 0.0,
        },
    })
}

fn repeated_in_list(args: &ScalarFunctionArgs) -> Result<f64> {
    let [item, count] = &args.args[..] else { return Ok(0.0) };
    let size = match item {
        ColumnarValue::Scalar(scalar) => scalar.size() as f64,
        ColumnarValue::Array(array) => array.get_array_memory_size() as f64 / array.len().max(1) as f64,
    };
    let counts = Numbers::counts(count)?;
    Ok(sum(args, |row| size.max(ITEM) * counts.at(row)))
}

fn resized(args: &ScalarFunctionArgs) -> Result<f64> {
    let [_, count, ..] = &args.args[..] else { return Ok(0.0) };
    let item = args.args.get(2).map_or(0.0, |value| match value {
        ColumnarValue::Scalar(scalar) => scalar.size() as f64,
        ColumnarValue::Array(array) => array.get_array_memory_size() as f64 / array.len().max(1) as f64,
    });
    let counts = Numbers::counts(count)?;
    Ok(sum(args, |row| item.max(ITEM) * counts.at(row)))
}

/// Bytes of an argument, in so many rows.
fn size(value: &ColumnarValue, rows: usize) -> Result<f64> {
    Ok(match value {
        ColumnarValue::Scalar(scalar) => (scalar.size() * rows) as f64,
        ColumnarValue::Array(array) => array.to_data().get_slice_memory_size()? as f64,
    })
}

fn rows(args: &ScalarFunctionArgs) -> usize {
    let constant = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
    if constant { 1 } else { args.number_rows }
}

fn together(args: &ScalarFunctionArgs) -> Result<f64> {
    args.args.iter().map(|value| size(value, rows(args))).sum()
}

/// The separator between all items.
fn written_out(args: &ScalarFunctionArgs) -> Result<f64> {
    let [list, separator, ..] = &args.args[..] else { return Ok(0.0) };
    let items = size(list, rows(args))? / ITEM;
    let lengths = Numbers::lengths(separator)?;
    let longest = (0..rows(args)).map(|row| lengths.at(row)).fold(0.0, f64::max);
    Ok(items * (longest + 2.0 * ITEM))
}

/// A function that refuses to make more than it may.
#[derive(Debug)]
struct Bounded {
    inner: Arc<dyn ScalarUDFImpl>,
    estimate: Estimate,
    limit_bytes: usize,
}

impl PartialEq for Bounded {
    fn eq(&self, other: &Self) -> bool {
        self.inner.name() == other.inner.name() && self.limit_bytes == other.limit_bytes
    }
}

impl Eq for Bounded {}

impl Hash for Bounded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.name().hash(state);
    }
}

impl Bounded {
    /// Rows are taken so many at a time that they fit; what they come to is counted.
    fn within(&self, args: ScalarFunctionArgs, left_bytes: &mut f64) -> Result<ColumnarValue> {
        let estimate = (self.estimate)(&args)?;
        if estimate <= *left_bytes {
            return self.inner.invoke_with_args(args);
        }
        let rows = args.number_rows;
        let constant = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        if rows <= 1 || constant {
            return Err(self.too_much(self.limit_bytes as f64 - *left_bytes + estimate, self.limit_bytes as f64));
        }
        let mut parts = Vec::new();
        for (from, count) in [(0, rows / 2), (rows / 2, rows - rows / 2)] {
            let part = self.within(slice(&args, from, count), left_bytes)?.into_array(count)?;
            *left_bytes -= part.get_array_memory_size() as f64;
            parts.push(part);
        }
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        Ok(ColumnarValue::Array(concat(&parts)?))
    }

    fn too_much(&self, bytes: f64, limit: f64) -> DataFusionError {
        let mib = |bytes: f64| format!("{:.0}", (bytes / 1_048_576.0).ceil());
        let error = Error::permanent(Kind::Limit, format!("{}() would make too much at once", self.name()))
            .at("query.run")
            .with("would_take_mib", mib(bytes))
            .with("limit_mib", mib(limit))
            .hint("ask for shorter texts or lists, or raise `memory_mib`, of which one call may take a quarter");
        DataFusionError::External(Box::new(error))
    }
}

fn slice(args: &ScalarFunctionArgs, from: usize, count: usize) -> ScalarFunctionArgs {
    let part = |value: &ColumnarValue| match value {
        ColumnarValue::Array(array) => ColumnarValue::Array(array.slice(from, count)),
        ColumnarValue::Scalar(scalar) => ColumnarValue::Scalar(scalar.clone()),
    };
    ScalarFunctionArgs { args: args.args.iter().map(part).collect(), number_rows: count, ..args.clone() }
}

/// All but `invoke_with_args` is the inner function's.
impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn is_nullable(&self, args: &[Expr], schema: &dyn ExprSchema) -> bool {
        #[expect(deprecated, reason = "the inner function may still say it this way")]
        self.inner.is_nullable(args, schema)
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let limit = CONSTANT_BYTES.min(self.limit_bytes as f64);
        let constant = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        if constant && !matches!(args.return_field.data_type(), DataType::List(_) | DataType::LargeList(_)) {
            // It becomes a part of the plan, and each of its steps has a copy.
            let estimate = (self.estimate)(&args)?;
            if estimate > limit {
                return Err(self.too_much(estimate, limit));
            }
        }
        self.within(args, &mut (self.limit_bytes as f64))
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.simplify(args, info)
    }

    fn preimage(&self, args: &[Expr], literal: &Expr, info: &SimplifyContext) -> Result<PreimageResult> {
        self.inner.preimage(args, literal, info)
    }

    fn conditional_arguments<'a>(&self, args: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(args)
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn evaluate_bounds(&self, input: &[&Interval]) -> Result<Interval> {
        self.inner.evaluate_bounds(input)
    }

    fn propagate_constraints(&self, interval: &Interval, inputs: &[&Interval]) -> Result<Option<Vec<Interval>>> {
        self.inner.propagate_constraints(interval, inputs)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.inner.output_ordering(inputs)
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.preserves_lex_ordering(inputs)
    }

    fn strictly_order_preserving(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.strictly_order_preserving(inputs)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn placement(&self, args: &[ExpressionPlacement]) -> ExpressionPlacement {
        self.inner.placement(args)
    }
}
