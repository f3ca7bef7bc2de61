//! Division of decimals, rounded.
//!
//! DataFusion's is cut off at its last digit. It works out one digit more here, which decides.

use std::sync::Arc;

use arrow::array::{ArrayRef, Datum, Scalar};
use arrow::compute::kernels::numeric::div;
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, FieldRef};
use arrow::error::ArrowError;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr_common::datum::apply;

use super::decimal::rounded;

/// Digits the kernel adds to those of the dividend.
const ADDED: u8 = 4;

/// `/` of decimals, of the type DataFusion's has.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct DecimalQuotient {
    data_type: DataType,
    signature: Signature,
}

impl DecimalQuotient {
    pub(super) fn new(data_type: DataType) -> Self {
        Self { data_type, signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for DecimalQuotient {
    fn name(&self) -> &'static str {
        "rounded_divide"
    }

    /// As the operator's.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let [left, right] = args else { return Ok(self.name().to_owned()) };
        Ok(format!("{} / {}", left.schema_name(), right.schema_name()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.data_type.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.data_type.clone(), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        apply(&args.args[0], &args.args[1], |left, right| self.divide(left, right))
    }
}

impl DecimalQuotient {
    fn divide(&self, left: &dyn Datum, right: &dyn Datum) -> Result<ArrayRef, ArrowError> {
        let short = divided(left, right, DataType::Decimal128, DECIMAL128_MAX_PRECISION);
        let quotient = match short {
            // The dividend is lengthened before it is divided.
            None | Some(Err(ArrowError::ArithmeticOverflow(_))) => {
                let long = divided(left, right, DataType::Decimal256, DECIMAL256_MAX_PRECISION);
                long.unwrap_or_else(|| div(left, right))
            }
            Some(done) => done,
        };
        rounded(&quotient?, &self.data_type)
    }
}

/// The quotient with one digit more, in decimals made by `of`; none where they have no room for it.
fn divided(
    left: &dyn Datum,
    right: &dyn Datum,
    of: fn(u8, i8) -> DataType,
    longest: u8,
) -> Option<Result<ArrayRef, ArrowError>> {
    let ((left, left_is_scalar), (right, right_is_scalar)) = (left.get(), right.get());
    let ((left_digits, left_scale), (right_digits, right_scale)) =
        (digits(left.data_type())?, digits(right.data_type())?);
    let has_room = left_digits < longest && right_digits <= longest && left_scale.unsigned_abs() < longest - ADDED;
    if !has_room {
        return None;
    }
    let lengthened = || {
        let dividend = rounded(left, &of(left_digits + 1, left_scale + 1))?;
        let divisor = rounded(right, &of(right_digits, right_scale))?;
        div(datum(dividend, left_is_scalar).as_ref(), datum(divisor, right_is_scalar).as_ref())
    };
    Some(lengthened())
}

fn datum(array: ArrayRef, is_scalar: bool) -> Box<dyn Datum> {
    if is_scalar { Box::new(Scalar::new(array)) } else { Box::new(array) }
}

fn digits(data_type: &DataType) -> Option<(u8, i8)> {
    match data_type {
        DataType::Decimal32(digits, scale)
        | DataType::Decimal64(digits, scale)
        | DataType::Decimal128(digits, scale)
        | DataType::Decimal256(digits, scale) => Some((*digits, *scale)),
        _ => None,
    }
}
