//! `ratio(numerator, denominator) -> DECIMAL(38,9)`

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal128Array};
use arrow::datatypes::{DataType, Decimal128Type, i256};
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::types;

pub(super) const VERSION: u32 = 1;

const PRECISION: u8 = 38;
const SCALE: i8 = 9;

/// The exact quotient of two decimals or integers, rounded half to even at the ninth decimal.
///
/// NULL where either is NULL, where the denominator is 0, and where the quotient needs more than 29 digits before
/// the point: one absurd row must not stop a rollup, and no number is better than a wrong one.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Ratio {
    signature: Signature,
}

impl Ratio {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Ratio {
    fn name(&self) -> &'static str {
        "ratio"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let given: &[DataType; 2] = types("ratio", "a numerator and a denominator", given)?;
        given.iter().map(exact).collect()
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Decimal128(PRECISION, SCALE))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [numerators, denominators] = super::arrays(args.args, args.number_rows)?;
        Ok(ColumnarValue::Array(Arc::new(ratios(&numerators, &denominators)?)))
    }
}

/// The decimal type that holds every value of an exact number's type. Floats have none: a ratio of them would
/// only look exact.
fn exact(given: &DataType) -> Result<DataType> {
    Ok(match given {
        DataType::Decimal128(..) => given.clone(),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        given if given.is_integer() => DataType::Decimal128(20, 0),
        DataType::Null => DataType::Decimal128(1, 0),
        other => return plan_err!("ratio takes decimals or integers, not {other}: cast to DECIMAL(38,9) first"),
    })
}

fn ratios(numerators: &ArrayRef, denominators: &ArrayRef) -> Result<Decimal128Array> {
    let numerators = numerators.as_primitive::<Decimal128Type>();
    let denominators = denominators.as_primitive::<Decimal128Type>();
    // (n / 10^a) / (d / 10^b) at scale s is n * 10^(s + b - a) / d.
    let shift = i32::from(SCALE) + i32::from(denominators.scale()) - i32::from(numerators.scale());
    let pairs = numerators.iter().zip(denominators.iter());
    let quotients: Decimal128Array = pairs.map(|(n, d)| quotient(n?, d?, shift)).collect();
    Ok(quotients.with_precision_and_scale(PRECISION, SCALE)?)
}

fn quotient(numerator: i128, denominator: i128, shift: i32) -> Option<i128> {
    let factor = 10_i128.checked_pow(shift.unsigned_abs())?;
    let (up, down) = if shift < 0 { (1, factor) } else { (factor, 1) };
    let narrow = numerator.checked_mul(up).zip(denominator.checked_mul(down));
    let quotient = if let Some((n, d)) = narrow {
        divide(n, d)?
    } else {
        let wide = |value: i128, factor: i128| i256::from_i128(value).checked_mul(i256::from_i128(factor));
        divide_wide(wide(numerator, up)?, wide(denominator, down)?)?
    };
    (quotient.unsigned_abs() < 10_u128.pow(u32::from(PRECISION))).then_some(quotient)
}

/// Half to even; `None` for a zero denominator.
fn divide(n: i128, d: i128) -> Option<i128> {
    let (quotient, rest) = (n.checked_div(d)?, n.checked_rem(d)?.unsigned_abs());
    // 2 * rest compared with |d|, without overflowing.
    let above = rest.cmp(&(d.unsigned_abs() - rest));
    let away = i128::from(above.is_gt() || (above.is_eq() && quotient % 2 != 0));
    quotient.checked_add(if (n < 0) == (d < 0) { away } else { -away })
}

/// [`divide`] for products beyond 128 bits.
fn divide_wide(n: i256, d: i256) -> Option<i128> {
    let (quotient, rest) = (n.checked_div(d)?.to_i128()?, n.checked_rem(d)?.checked_abs()?);
    let above = rest.cmp(&d.checked_abs()?.checked_sub(rest)?);
    let away = i128::from(above.is_gt() || (above.is_eq() && quotient % 2 != 0));
    let zero = i256::from_i128(0);
    quotient.checked_add(if (n < zero) == (d < zero) { away } else { -away })
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;

    use super::*;

    fn ratio(n: (i128, i8), d: (i128, i8)) -> Option<String> {
        let one = |(value, scale)| {
            let array = Decimal128Array::from(vec![value]).with_precision_and_scale(38, scale).unwrap();
            Arc::new(array) as ArrayRef
        };
        let quotients = ratios(&one(n), &one(d)).unwrap();
        (!quotients.is_null(0)).then(|| quotients.value_as_string(0))
    }

    #[test]
    fn quotients_are_exact_and_rounded_half_to_even() {
        let cases = [
            ((1, 0), (3, 0), "0.333333333"),
            ((2, 0), (3, 0), "0.666666667"),
            ((-2, 0), (3, 0), "-0.666666667"),
            ((2, 0), (-3, 0), "-0.666666667"),
            ((199_900, 4), (10, 0), "1.999000000"),
            ((5, 1), (1_000_000_000, 0), "0.000000000"), // 0.5e-9: half, to even 0
            ((15, 1), (1_000_000_000, 0), "0.000000002"), // 1.5e-9: half, to even 2
            ((-25, 1), (1_000_000_000, 0), "-0.000000002"), // -2.5e-9: half, to even 2
            ((0, 4), (7, 4), "0.000000000"),
            ((i128::from(i64::MAX), 0), (1, 9), "9223372036854775807000000000.000000000"),
        ];
        for (n, d, expected) in cases {
            assert_eq!(ratio(n, d).as_deref(), Some(expected), "{n:?} / {d:?}");
        }
    }

    #[test]
    fn what_has_no_answer_is_null() {
        let large = 10_i128.pow(37);
        for (n, d) in [((1, 0), (0, 0)), ((0, 0), (0, 4)), ((large, 0), (1, 0)), ((large, 0), (1, 37))] {
            assert_eq!(ratio(n, d), None, "{n:?} / {d:?}");
        }
    }

    #[test]
    fn products_beyond_128_bits_are_still_exact() {
        let large = 99_999_999_999_999_999_999_999_999_999_999_999_999;
        assert_eq!(ratio((large, 9), (large, 9)).as_deref(), Some("1.000000000"));
        assert_eq!(ratio((large, 9), (-large, 4)).as_deref(), Some("-0.000010000"));
    }
}
