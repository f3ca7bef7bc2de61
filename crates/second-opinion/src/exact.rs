//! Exact numbers: all digits as a whole number; a sum or product that doesn't fit is an error, never another number.

use crate::failure::{Outcome, unexpected};

fn fits(number: Option<i128>) -> Outcome<i128> {
    number.ok_or_else(|| unexpected("a number has more digits than fit".to_owned()))
}

/// The sum.
pub(crate) fn sum(terms: impl IntoIterator<Item = i128>) -> Outcome<i128> {
    fits(terms.into_iter().try_fold(0_i128, i128::checked_add))
}

/// The product; it has the decimal places of all factors.
pub(crate) fn product<const N: usize>(factors: [i128; N]) -> Outcome<i128> {
    fits(factors.into_iter().try_fold(1_i128, i128::checked_mul))
}

/// A quotient of whole numbers, rounded half to even. `None`: the divisor is 0.
pub(crate) fn quotient(number: i128, divisor: i128) -> Option<i128> {
    let (whole, rest) = (number.checked_div(divisor)?, number.checked_rem(divisor)?.unsigned_abs());
    let missing = divisor.unsigned_abs() - rest;
    let is_up = rest > missing || (rest == missing && whole % 2 != 0);
    let away = if (number < 0) == (divisor < 0) { 1 } else { -1 };
    Some(if is_up { whole + away } else { whole })
}

/// Without the last decimal places, rounded half away from zero.
pub(crate) fn without(places: u32, digits: i128) -> i128 {
    let unit = 10_i128.pow(places);
    let (whole, rest) = (digits / unit, digits % unit);
    if rest.abs() >= unit - rest.abs() { whole + rest.signum() } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_where_they_should() {
        for (number, divisor, expected) in
            [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (7, -2, -4), (10, 3, 3), (11, 3, 4), (-11, 3, -4)]
        {
            assert_eq!(quotient(number, divisor), Some(expected), "{number} / {divisor}");
        }
        assert_eq!(quotient(1, 0), None);
        for (digits, expected) in [(149, 1), (150, 2), (-149, -1), (-150, -2), (0, 0)] {
            assert_eq!(without(2, digits), expected, "{digits}");
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert!(sum([i128::MAX, 1]).is_err());
        assert!(product([i128::MAX, 2]).is_err());
        assert_eq!(product([3, -4]).unwrap(), -12);
    }
}
