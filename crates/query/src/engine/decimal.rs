//! Decimals within the digits of their type.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DECIMAL32_MAX_PRECISION, DECIMAL64_MAX_PRECISION, DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType,
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
};
use arrow::error::ArrowError;

/// Whether a result of this type may be longer than it: any other had room to grow.
pub(super) fn is_longest(data_type: &DataType) -> bool {
    match data_type {
        DataType::Decimal32(precision, _) => *precision == DECIMAL32_MAX_PRECISION,
        DataType::Decimal64(precision, _) => *precision == DECIMAL64_MAX_PRECISION,
        DataType::Decimal128(precision, _) => *precision == DECIMAL128_MAX_PRECISION,
        DataType::Decimal256(precision, _) => *precision == DECIMAL256_MAX_PRECISION,
        _ => false,
    }
}

/// An error where one of these decimals is longer than its type; anything else fits.
pub(super) fn fits_all(array: &dyn Array) -> Result<(), ArrowError> {
    let fits = match array.data_type() {
        DataType::Decimal32(precision, _) => {
            array.as_primitive::<Decimal32Type>().validate_decimal_precision(*precision)
        }
        DataType::Decimal64(precision, _) => {
            array.as_primitive::<Decimal64Type>().validate_decimal_precision(*precision)
        }
        DataType::Decimal128(precision, _) => {
            array.as_primitive::<Decimal128Type>().validate_decimal_precision(*precision)
        }
        DataType::Decimal256(precision, _) => {
            array.as_primitive::<Decimal256Type>().validate_decimal_precision(*precision)
        }
        _ => Ok(()),
    };
    fits.map_err(|_| too_long(array.data_type()))
}

/// Decimals of this type, halves rounded away from zero; an error where one is longer.
pub(super) fn rounded(array: &dyn Array, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    let exactly = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, data_type, &exactly).map_err(|_| too_long(data_type))
}

fn too_long(data_type: &DataType) -> ArrowError {
    ArrowError::ArithmeticOverflow(format!("one in {data_type}"))
}
