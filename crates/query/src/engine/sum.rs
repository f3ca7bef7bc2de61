//! `sum`, exact or an error.
//!
//! DataFusion's begins anew at the other end where a sum doesn't fit, and its sums of decimals may grow longer than their
//! type. All but the adding is left to it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowNativeTypeOp, ArrowNumericType, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray,
};
use arrow::compute::sum_checked;
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, FieldRef, Int64Type, UInt64Type,
};
use arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::functions_aggregate::sum::Sum;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, EmitTo, GroupsAccumulator, ReversedUDAF,
    SetMonotonicity, Signature,
};
use datafusion::physical_expr::NullState;

use super::decimal::{fits_all, is_longest};

/// The same functions, with this `sum`.
pub(super) fn exact(functions: Vec<Arc<AggregateUDF>>) -> Vec<Arc<AggregateUDF>> {
    let exact = |function: Arc<AggregateUDF>| match function.name() {
        "sum" => Arc::new(AggregateUDF::new_from_impl(ExactSum::default())),
        _ => function,
    };
    functions.into_iter().map(exact).collect()
}

#[derive(Debug, Default, PartialEq, Eq, Hash)]
struct ExactSum(Sum);

/// Makes something of the type that is summed, where that is a number that isn't a float.
macro_rules! exactly {
    ($data_type:expr, $make:ident, $otherwise:expr) => {
        match $data_type {
            DataType::Int64 => $make!(Int64Type),
            DataType::UInt64 => $make!(UInt64Type),
            DataType::Decimal32(..) => $make!(Decimal32Type),
            DataType::Decimal64(..) => $make!(Decimal64Type),
            DataType::Decimal128(..) => $make!(Decimal128Type),
            DataType::Decimal256(..) => $make!(Decimal256Type),
            _ => $otherwise,
        }
    };
}

impl AggregateUDFImpl for ExactSum {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.0.return_type(arg_types)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let data_type = args.return_field.data_type().clone();
        if args.is_distinct {
            let inner = self.0.accumulator(args)?;
            macro_rules! distinct {
                ($t:ty) => {
                    Ok(Box::new(Distinct::<$t> { inner, data_type, of: PhantomData }))
                };
            }
            return exactly!(data_type, distinct, Ok(inner));
        }
        macro_rules! total {
            ($t:ty) => {
                Ok(Box::new(Total::<$t>::new(data_type)))
            };
        }
        exactly!(data_type, total, self.0.accumulator(args))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.0.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.0.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let data_type = args.return_field.data_type().clone();
        let inner = self.0.create_groups_accumulator(args)?;
        macro_rules! totals {
            ($t:ty) => {
                Ok(Box::new(Totals::<$t> { sums: Vec::new(), seen: NullState::new(), data_type, inner }))
            };
        }
        exactly!(data_type, totals, Ok(inner))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if !args.is_distinct {
            return match args.return_field.data_type() {
                DataType::Float64 => self.0.create_sliding_accumulator(args),
                _ => self.accumulator(args),
            };
        }
        let data_type = args.return_field.data_type().clone();
        let inner = self.0.create_sliding_accumulator(args)?;
        Ok(Box::new(Distinct::<Int64Type> { inner, data_type, of: PhantomData }))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        self.0.reverse_expr()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.0.order_sensitivity()
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.0.documentation()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.0.set_monotonicity(data_type)
    }
}

fn overflow() -> ArrowError {
    ArrowError::ArithmeticOverflow("a sum".to_owned())
}

/// The sum of one group or window.
struct Total<T: ArrowNumericType> {
    sum: T::Native,
    /// Values that aren't NULL; of partial sums, those.
    count: u64,
    data_type: DataType,
}

impl<T: ArrowNumericType> Total<T> {
    fn new(data_type: DataType) -> Self {
        Self { sum: T::default_value(), count: 0, data_type }
    }
}

impl<T: ArrowNumericType> fmt::Debug for Total<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Total({})", self.data_type)
    }
}

fn present(values: &dyn Array) -> u64 {
    (values.len() - values.null_count()) as u64
}

impl<T: ArrowNumericType> Accumulator for Total<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = values[0].as_primitive::<T>();
        let more = sum_checked(values).map_err(|_| overflow())?.unwrap_or_default();
        self.sum = self.sum.add_checked(more).map_err(|_| overflow())?;
        self.count += present(values);
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = values[0].as_primitive::<T>();
        let less = sum_checked(values).map_err(|_| overflow())?.unwrap_or_default();
        self.sum = self.sum.sub_checked(less).map_err(|_| overflow())?;
        self.count -= present(values);
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = (self.count > 0).then_some(self.sum);
        let sum = ScalarValue::new_primitive::<T>(sum, &self.data_type)?;
        if is_longest(&self.data_type) {
            fits_all(&sum.to_array()?)?;
        }
        Ok(sum)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The sum of different values: DataFusion keeps them.
struct Distinct<T> {
    inner: Box<dyn Accumulator>,
    data_type: DataType,
    of: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for Distinct<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Distinct({})", self.data_type)
    }
}

impl<T: ArrowNumericType> Accumulator for Distinct<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(values)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let state = self.inner.state()?;
        let [ScalarValue::List(values)] = &state[..] else {
            return internal_err!("different values are kept in a list");
        };
        let mut total = Total::<T>::new(self.data_type.clone());
        total.update_batch(&[values.value(0)])?;
        total.evaluate()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }
}

/// The sums of many groups.
struct Totals<T: ArrowPrimitiveType> {
    sums: Vec<T::Native>,
    /// Groups that have seen a value.
    seen: NullState,
    data_type: DataType,
    /// Makes partial sums of single values.
    inner: Box<dyn GroupsAccumulator>,
}

impl<T: ArrowPrimitiveType> fmt::Debug for Totals<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Totals({})", self.data_type)
    }
}

impl<T: ArrowNumericType + Send> GroupsAccumulator for Totals<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        groups: usize,
    ) -> Result<()> {
        let values = values[0].as_primitive::<T>();
        self.sums.resize(groups, T::default_value());
        let (totals, mut fit) = (&mut self.sums, true);
        self.seen.accumulate(group_indices, values, filter, groups, |group, value| {
            match totals[group].add_checked(value) {
                Ok(total) => totals[group] = total,
                Err(_) => fit = false,
            }
        });
        if fit { Ok(()) } else { Err(overflow().into()) }
    }

    fn merge_batch(&mut self, states: &[ArrayRef], group_indices: &[usize], groups: usize) -> Result<()> {
        self.update_batch(states, group_indices, None, groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let totals = emit_to.take_needed(&mut self.sums);
        let seen = self.seen.build(emit_to);
        let totals = PrimitiveArray::<T>::new(totals.into(), seen).with_data_type(self.data_type.clone());
        if is_longest(&self.data_type) {
            fits_all(&totals)?;
        }
        Ok(Arc::new(totals))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit_to)?])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(values, filter)
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<T::Native>() + self.seen.size()
    }
}
