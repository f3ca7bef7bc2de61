//! Numbers as reports print them, exactly: no float anywhere.

use sellerlake_schemas::ColumnType;

use super::fault::Fault;

/// Digits that amounts of money have after the mark; ratios and measures have more.
pub const MONEY_SCALE: i8 = 4;
/// Longest text read as a number, in bytes.
const MAX_LENGTH: usize = 96;
/// Largest power of ten an exponent may name.
const MAX_EXPONENT: i32 = 400;

/// 10^0 to 10^38.
const POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// The character between units and tenths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// `1,234.56`
    #[default]
    Point,
    /// `1.234,56`
    Comma,
}

impl Mark {
    /// As it stands in texts.
    pub fn byte(self) -> u8 {
        if self == Self::Comma { b',' } else { b'.' }
    }

    /// The other one.
    pub fn other(self) -> Self {
        if self == Self::Comma { Self::Point } else { Self::Comma }
    }
}

/// What one number says about the file's decimal mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkEvidence {
    /// The same number under either mark.
    None,
    /// A number only with this mark.
    Only(Mark),
    /// Two different numbers: `1,234`.
    Either,
    /// Not a number.
    Unreadable,
}

/// What `text` says about the decimal mark.
pub fn evidence(text: &str, column_type: ColumnType) -> MarkEvidence {
    let read = |mark| match column_type {
        ColumnType::Decimal(precision, scale) => decimal(text, mark, precision, scale).ok().map(|(value, _)| value),
        _ => int(text, mark).ok().map(i128::from),
    };
    match (read(Mark::Point), read(Mark::Comma)) {
        (Some(point), Some(comma)) if point == comma => MarkEvidence::None,
        (Some(_), Some(_)) => MarkEvidence::Either,
        (Some(_), None) => MarkEvidence::Only(Mark::Point),
        (None, Some(_)) => MarkEvidence::Only(Mark::Comma),
        (None, None) => MarkEvidence::Unreadable,
    }
}

/// An integer; a fraction of zeros is allowed.
pub fn int(text: &str, mark: Mark) -> Result<i64, Fault> {
    if let Some((value, 0)) = plain(text.as_bytes(), mark.byte()) {
        return Ok(value);
    }
    let (value, inexact) = decimal(text, mark, 38, 0).map_err(|_| Fault::from("is not a whole number"))?;
    if inexact {
        return Err("is not a whole number".into());
    }
    i64::try_from(value).map_err(|_| "is too large for a whole number".into())
}

/// A decimal as a multiple of 10^-scale, and whether digits were rounded away (half to even).
pub fn decimal(text: &str, mark: Mark, precision: u8, scale: i8) -> Result<(i128, bool), Fault> {
    let scale = u32::from(scale.unsigned_abs());
    let limit = POWERS[usize::from(precision).min(38)];
    let (value, inexact) = match plain(text.as_bytes(), mark.byte()) {
        Some((value, places)) if places <= scale && scale <= 18 => {
            (i128::from(value) * POWERS[(scale - places) as usize], false)
        }
        _ => Digits::parse(text, mark).ok_or(Fault::from("is not a number"))?.at_scale(scale as i32)?,
    };
    if value.abs() >= limit {
        return Err(Fault(format!("has more digits than decimal({precision},{scale}) holds").into()));
    }
    Ok((value, inexact))
}

/// The usual number: an optional minus, at most 18 digits, at most one decimal mark. Returns value and places.
fn plain(bytes: &[u8], mark: u8) -> Option<(i64, u32)> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0_i64;
    let mut mark_at = None;
    for (index, &byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            value = value * 10 + i64::from(digit);
        } else if byte == mark && mark_at.is_none() && digits.len() > 1 {
            mark_at = Some(index);
        } else {
            return None;
        }
    }
    let places = mark_at.map_or(0, |at| digits.len() - at - 1);
    Some((if negative { -value } else { value }, places as u32))
}

/// Whether a number is one that a spreadsheet has shortened, `2.00E+01`, and fewer than `places` digits behind the mark are left.
pub fn is_shortened(text: &str, places: usize) -> bool {
    let Some((body, power)) = text.split_once(['e', 'E']) else { return false };
    let power = power.strip_prefix('+').filter(|power| power.len() > 1).and_then(|power| power.parse::<usize>().ok());
    let kept = body.split_once(['.', ',']).map_or(0, |(_, kept)| kept.len());
    power.is_some_and(|power| kept < power.saturating_add(places))
}

/// Decimal digits and where the mark stands among them.
struct Digits {
    negative: bool,
    all: [u8; MAX_LENGTH],
    len: usize,
    /// Digits before the mark; beyond the ends where an exponent moved it there.
    point: i32,
}

impl Digits {
    /// Reads signs, parentheses, currency signs, percent, grouping and exponent.
    fn parse(text: &str, mark: Mark) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let (negative, percent, body) = strip_dressing(text)?;
        let (body, exponent) = match body.find(['e', 'E']) {
            Some(at) => (&body[..at], read_exponent(&body[at + 1..])?),
            None => (body, 0),
        };
        let mut found = Self { negative, all: [0; MAX_LENGTH], len: 0, point: 0 };
        let (whole, fraction) = body.split_once(char::from(mark.byte())).unwrap_or((body, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        found.push_whole(whole, mark, exponent != 0)?;
        found.point = found.len as i32 + exponent - if percent { 2 } else { 0 };
        found.push_digits(fraction)?;
        Some(found)
    }

    fn push_digits(&mut self, text: &str) -> Option<()> {
        for byte in text.bytes() {
            let digit = byte.wrapping_sub(b'0');
            let slot = self.all.get_mut(self.len).filter(|_| digit < 10)?;
            *slot = digit;
            self.len += 1;
        }
        Some(())
    }

    /// The part before the mark: digits, or groups of three (India: of two, then three).
    fn push_whole(&mut self, whole: &str, mark: Mark, plain_only: bool) -> Option<()> {
        let Some(separator) = whole.chars().find(|c| !c.is_ascii_digit()) else { return self.push_digits(whole) };
        let groups_with_mark = char::from(mark.other().byte());
        if plain_only || !(separator == groups_with_mark || is_group_space(separator)) || whole.starts_with('0') {
            return None;
        }
        let last = whole.rsplit(separator).next()?;
        let inner = whole.split(separator).count() - 2;
        let mut sizes = [0_usize; 2];
        for (index, group) in whole.split(separator).enumerate() {
            if (1..=inner).contains(&index) {
                match group.len() {
                    3 => sizes[0] += 1,
                    2 => sizes[1] += 1,
                    _ => return None,
                }
            } else if index == 0 && !(1..=3).contains(&group.len()) {
                return None;
            }
            self.push_digits(group)?;
        }
        let first_is_long = whole.split(separator).next()?.len() == 3;
        let even = sizes[0] == inner || (sizes[1] == inner && !first_is_long);
        (last.len() == 3 && even).then_some(())
    }

    /// The value as a multiple of 10^-scale, rounded half to even.
    fn at_scale(&self, scale: i32) -> Result<(i128, bool), Fault> {
        let digits = &self.all[..self.len];
        let leading = digits.iter().take_while(|digit| **digit == 0).count();
        let digits = &digits[leading..];
        let kept = self.point - leading as i32 + scale;
        if digits.is_empty() {
            return Ok((0, false));
        }
        if kept > 38 {
            return Err("has too many digits".into());
        }
        let split = (kept.max(0) as usize).min(digits.len());
        let (whole, rest) = digits.split_at(split);
        let mut value = whole.iter().fold(0_i128, |sum, digit| sum * 10 + i128::from(*digit));
        if kept > 0 {
            value *= POWERS[kept as usize - split];
        }
        let inexact = rest.iter().any(|digit| *digit != 0);
        if inexact && kept >= 0 && rounds_up(rest, value % 2 != 0) {
            value += 1;
        }
        Ok((if self.negative { -value } else { value }, inexact))
    }
}

fn rounds_up(rest: &[u8], odd: bool) -> bool {
    let beyond_half = rest.iter().skip(1).any(|digit| *digit != 0);
    match rest.first() {
        Some(6..) => true,
        Some(5) => beyond_half || odd,
        _ => false,
    }
}

fn is_group_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’')
}

fn is_currency(c: char) -> bool {
    matches!(c, '$' | '€' | '£' | '¥' | '￥' | '₹')
}

/// Takes off sign, parentheses, currency sign and percent sign: (negative, percent, what is left).
fn strip_dressing(text: &str) -> Option<(bool, bool, &str)> {
    let mut body = text.trim();
    let mut negative = false;
    let mut percent = false;
    if let Some(inner) = body.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        negative = true;
        body = inner.trim();
    }
    let mut signed = negative;
    let mut currency = false;
    loop {
        let first = body.chars().next()?;
        let last = body.chars().next_back()?;
        if matches!(first, '-' | '+' | '\u{2212}') && !signed {
            signed = true;
            negative = first != '+';
            body = body[first.len_utf8()..].trim_start();
        } else if is_currency(first) && !currency {
            currency = true;
            body = body[first.len_utf8()..].trim_start();
        } else if last == '-' && !signed {
            signed = true;
            negative = true;
            body = body[..body.len() - 1].trim_end();
        } else if (is_currency(last) && !currency) || (last == '%' && !percent) {
            currency |= last != '%';
            percent |= last == '%';
            body = body[..body.len() - last.len_utf8()].trim_end();
        } else {
            return Some((negative, percent, body));
        }
    }
}

fn read_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: i32 = digits.parse().ok()?;
    let signed = if text.starts_with('-') { -value } else { value };
    (value <= MAX_EXPONENT).then_some(signed)
}

/// Appends a multiple of 10^-scale in plain digits, without trailing zeros.
pub fn render(value: i128, scale: i8, into: &mut String) {
    let scale = usize::from(scale.unsigned_abs());
    let digits = format!("{:0width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if value < 0 {
        into.push('-');
    }
    into.push_str(whole);
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        into.push('.');
        into.push_str(fraction);
    }
}

/// Whether numbers of this type depend on the decimal mark.
pub fn is_numeric(column_type: ColumnType) -> bool {
    matches!(column_type, ColumnType::Int | ColumnType::Decimal(..))
}

/// The scale of sums over columns of these types: the finest of them.
pub fn common_scale(types: impl Iterator<Item = ColumnType>) -> i8 {
    types.map(scale_of).max().unwrap_or(0)
}

/// The digits a column keeps after the decimal mark.
pub fn scale_of(column_type: ColumnType) -> i8 {
    if let ColumnType::Decimal(_, scale) = column_type { scale } else { 0 }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::i256;
    use proptest::prelude::*;

    use super::*;

    fn money(text: &str, mark: Mark) -> Option<(i128, bool)> {
        decimal(text, mark, 18, 4).ok()
    }

    #[test]
    fn numbers_as_reports_print_them() {
        let point = [
            ("149.94", 1_499_400),
            ("-5", -50_000),
            ("1,234.5", 12_345_000),
            ("12,34,567.00", 12_345_670_000),
            ("(12.50)", -125_000),
            ("12.50-", -125_000),
            ("\u{2212}3.1", -31_000),
            ("$1,000", 10_000_000),
            ("-$0.64", -6_400),
            ("£ 7", 70_000),
            ("2.5%", 250),
            (".5", 5_000),
            ("5.", 50_000),
            ("1.5E-3", 15),
            ("3e2", 3_000_000),
            ("+4", 40_000),
            ("1 234.5", 12_345_000),
            ("1\u{a0}234.5", 12_345_000),
            ("1'234.5", 12_345_000),
            ("00012", 120_000),
        ];
        for (text, expected) in point {
            assert_eq!(money(text, Mark::Point), Some((expected, false)), "{text}");
        }
        let comma =
            [("29,99", 299_900), ("1.234,56", 12_345_600), ("1.234", 12_340_000), ("0,28", 2_800), ("7", 70_000)];
        for (text, expected) in comma {
            assert_eq!(money(text, Mark::Comma), Some((expected, false)), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let neither =
            ["", "-", "abc", "1-2", "--5", "1.2.3", "1,2,3", "(5", "5)", "1e", "1e99999", "$", "%", "٣", "NaN"];
        for text in neither {
            assert_eq!(money(text, Mark::Point), None, "{text}");
            assert_eq!(money(text, Mark::Comma), None, "{text}");
        }
        // Groups of the wrong size or with a leading zero are not groups.
        for text in ["29,99", "1,23", "0,123", "1234,567", "1,2345", "123,45,678", "1,234,56"] {
            assert_eq!(money(text, Mark::Point), None, "{text}");
        }
    }

    #[test]
    fn halves_round_to_even_and_overflow_is_refused() {
        let cases =
            [("0.00005", 0), ("0.00015", 2), ("0.00025", 2), ("0.000251", 3), ("-0.00015", -2), ("0.99995", 10_000)];
        for (text, expected) in cases {
            assert_eq!(money(text, Mark::Point), Some((expected, true)), "{text}");
        }
        assert_eq!(money("0.30000000000000004", Mark::Point), Some((3_000, true)));
        assert_eq!(money("1e-400", Mark::Point), Some((0, true)));
        assert_eq!(money("99999999999999.9999", Mark::Point), Some((999_999_999_999_999_999, false)));
        for text in ["100000000000000", "99999999999999.99995", "1e400", &"9".repeat(80)] {
            assert_eq!(money(text, Mark::Point), None, "{text}");
        }
        assert_eq!(money(&"9".repeat(10_000), Mark::Point), None);
    }

    #[test]
    fn whole_numbers_have_no_fraction_but_zeros() {
        assert_eq!(int("1,234", Mark::Point), Ok(1_234));
        assert_eq!(int("3.00", Mark::Point), Ok(3));
        assert_eq!(int("-9223372036854775808", Mark::Point), Ok(i64::MIN));
        for text in ["3.5", "9223372036854775808", "1.234", "x"] {
            assert!(int(text, Mark::Point).is_err(), "{text}");
        }
    }

    #[test]
    fn each_cell_says_what_it_can_about_the_mark() {
        let cases = [
            ("29,99", MarkEvidence::Only(Mark::Comma)),
            ("29.99", MarkEvidence::Only(Mark::Point)),
            ("1.234,56", MarkEvidence::Only(Mark::Comma)),
            ("1,234.56", MarkEvidence::Only(Mark::Point)),
            ("1.234.567", MarkEvidence::Only(Mark::Comma)),
            ("0.630", MarkEvidence::Only(Mark::Point)),
            ("1,234", MarkEvidence::Either),
            ("1.234", MarkEvidence::Either),
            ("1234", MarkEvidence::None),
            ("n/a", MarkEvidence::Unreadable),
        ];
        for (text, expected) in cases {
            assert_eq!(evidence(text, ColumnType::Decimal(18, 4)), expected, "{text}");
        }
        // A whole number has no decimals, so its separators group.
        assert_eq!(evidence("1.234", ColumnType::Int), MarkEvidence::Only(Mark::Comma));
        assert_eq!(evidence("1,234", ColumnType::Int), MarkEvidence::Only(Mark::Point));
    }

    /// The same by 256-bit arithmetic: value × 10^scale ÷ 10^places, halves to even.
    fn reference(digits: &str, places: u32, scale: u32, negative: bool) -> (i256, bool) {
        let ten = i256::from_i128(10);
        let power = |exponent: u32| (0..exponent).fold(i256::ONE, |power, _| power.wrapping_mul(ten));
        let number = i256::from_string(digits).unwrap().wrapping_mul(power(scale));
        let divisor = power(places);
        let (quotient, rest) = (number.wrapping_div(divisor), number.wrapping_rem(divisor));
        let twice = rest.wrapping_add(rest);
        let odd = quotient.wrapping_rem(i256::from_i128(2)) != i256::ZERO;
        let up = twice > divisor || (twice == divisor && odd);
        let rounded = if up { quotient.wrapping_add(i256::ONE) } else { quotient };
        (if negative { rounded.wrapping_neg() } else { rounded }, rest != i256::ZERO)
    }

    fn grouped(whole: &str, separator: char) -> String {
        let mut out = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                out.push(separator);
            }
            out.push(digit);
        }
        out
    }

    proptest! {
        #[test]
        fn decimals_agree_with_long_arithmetic(
            digits in "[1-9][0-9]{0,36}", places in 0_u32..20, scale in 0_u32..10, negative: bool, comma: bool,
        ) {
            let padded = format!("{digits:0>width$}", width = places as usize + 1);
            let (whole, fraction) = padded.split_at(padded.len() - places as usize);
            let (mark, sign) = (if comma { Mark::Comma } else { Mark::Point }, if negative { "-" } else { "" });
            let plain = format!("{sign}{whole}{}{fraction}", if places > 0 { char::from(mark.byte()) } else { ' ' });
            let (expected, inexact) = reference(&digits, places, scale, negative);
            let fits = expected.to_i128().filter(|value| value.abs() < 10_i128.pow(38)).map(|value| (value, inexact));
            prop_assert_eq!(decimal(plain.trim(), mark, 38, scale as i8).ok(), fits);
            if !whole.starts_with('0') && fits.is_some() {
                let groups = grouped(whole, char::from(mark.other().byte()));
                let groups = format!("{sign}{groups}{}{fraction}", char::from(mark.byte()));
                prop_assert_eq!(decimal(&groups, mark, 38, scale as i8).ok(), fits);
            }
        }

        #[test]
        fn what_is_rendered_reads_back(value in -999_999_999_999_999_999_i128..=999_999_999_999_999_999, scale in 0_i8..10) {
            let mut text = String::new();
            render(value, scale, &mut text);
            prop_assert_eq!(decimal(&text, Mark::Point, 38, scale).ok(), Some((value, false)));
        }

        #[test]
        fn no_text_panics(text in ".{0,120}", comma: bool) {
            let mark = if comma { Mark::Comma } else { Mark::Point };
            let _ = (decimal(&text, mark, 18, 4), int(&text, mark), evidence(&text, ColumnType::Decimal(38, 9)));
        }

        #[test]
        fn nothing_like_a_number_panics(text in "[-+(]?[$€]?[0-9., '\u{a0}]{0,50}[eE%)-]?[-+]?[0-9]{0,5}") {
            let _ = (money(&text, Mark::Point), money(&text, Mark::Comma), int(&text, Mark::Comma));
        }
    }
}
