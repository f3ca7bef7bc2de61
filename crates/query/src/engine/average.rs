//! `avg` of decimals, rounded.
//!
//! DataFusion's is cut off at its last digit. It works out one digit more here, which decides: what a cut at a later
//! digit leaves is on the same side of the half as the whole.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::{DECIMAL128_MAX_SCALE, DECIMAL256_MAX_SCALE, DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::average::Avg;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, EmitTo, GroupsAccumulator, ReversedUDAF, Signature,
};

use super::decimal::rounded;

/// The same functions, with this `avg`.
pub(super) fn rounding(functions: Vec<Arc<AggregateUDF>>) -> Vec<Arc<AggregateUDF>> {
    let rounding = |function: Arc<AggregateUDF>| match function.name() {
        "avg" => Arc::new(AggregateUDF::new_from_impl(RoundedAvg::default())),
        _ => function,
    };
    functions.into_iter().map(rounding).collect()
}

#[derive(Debug, Default, PartialEq, Eq, Hash)]
struct RoundedAvg(Avg);

/// The type with a digit more, where there is room for it.
fn finer(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Decimal128(precision, scale) if *scale < DECIMAL128_MAX_SCALE - 1 => {
            Some(DataType::Decimal128((precision + 1).min(DECIMAL128_MAX_SCALE.unsigned_abs()), scale + 1))
        }
        DataType::Decimal256(precision, scale) if *scale < DECIMAL256_MAX_SCALE - 1 => {
            Some(DataType::Decimal256((precision + 1).min(DECIMAL256_MAX_SCALE.unsigned_abs()), scale + 1))
        }
        _ => None,
    }
}

fn finer_field(field: &FieldRef) -> Option<FieldRef> {
    finer(field.data_type()).map(|finer| Arc::new(Field::new(field.name(), finer, true)))
}

impl AggregateUDFImpl for RoundedAvg {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn aliases(&self) -> &[String] {
        self.0.aliases()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.0.return_type(arg_types)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let Some(return_field) = finer_field(&args.return_field) else { return self.0.accumulator(args) };
        let data_type = args.return_field.data_type().clone();
        Ok(Box::new(Rounded { inner: self.0.accumulator(AccumulatorArgs { return_field, ..args })?, data_type }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.0.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.0.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let Some(return_field) = finer_field(&args.return_field) else {
            return self.0.create_groups_accumulator(args);
        };
        let data_type = args.return_field.data_type().clone();
        let inner = self.0.create_groups_accumulator(AccumulatorArgs { return_field, ..args })?;
        Ok(Box::new(RoundedGroups { inner, data_type }))
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
}

/// The average of one group or window.
#[derive(Debug)]
struct Rounded {
    inner: Box<dyn Accumulator>,
    data_type: DataType,
}

impl Accumulator for Rounded {
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
        let average = rounded(&self.inner.evaluate()?.to_array()?, &self.data_type)?;
        ScalarValue::try_from_array(&average, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }
}

/// The averages of many groups.
struct RoundedGroups {
    inner: Box<dyn GroupsAccumulator>,
    data_type: DataType,
}

impl fmt::Debug for RoundedGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoundedGroups({})", self.data_type)
    }
}

impl GroupsAccumulator for RoundedGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        groups: usize,
    ) -> Result<()> {
        self.inner.update_batch(values, group_indices, filter, groups)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], group_indices: &[usize], groups: usize) -> Result<()> {
        self.inner.merge_batch(states, group_indices, groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(rounded(&self.inner.evaluate(emit_to)?, &self.data_type)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(values, filter)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}
