//! Amazon's ids as spreadsheets spell them: what is only spelling is put right, what has lost digits is refused.

use std::borrow::Cow;

use sellerlake_schemas::{Column, ColumnType, Id};

use super::fault::Fault;
use super::trim::trim;

/// What a cell becomes whose value didn't fit or couldn't be computed.
const ERRORS: [&str; 8] = ["#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!"];

/// How the ids of a flat file's column are read.
#[derive(Debug, Clone, Copy)]
pub struct IdFormat(Option<Id>);

impl IdFormat {
    /// For a column of ids.
    pub fn of(column: &Column) -> Option<Self> {
        let is_id = column.id.is_some() || (column.column_type == ColumnType::Text && column.name.ends_with("_id"));
        is_id.then_some(Self(column.id))
    }

    /// The id as Amazon writes it.
    pub fn read(self, text: &str) -> Result<Cow<'_, str>, Fault> {
        if self.fits(text) {
            return Ok(Cow::Borrowed(text));
        }
        if is_shortened(text) {
            return Err("is a number that a spreadsheet has shortened: the id's digits are lost".into());
        }
        let text = bare(text);
        let found = match self.0 {
            None => return Ok(text),
            Some(Id::Digits) => whole_number(&text),
            Some(Id::Order) => hyphenated(&text),
        };
        let wanted = if self.0 == Some(Id::Order) { "an order id" } else { "an id of digits" };
        found.map(Cow::Owned).ok_or_else(|| Fault(format!("is not {wanted}").into()))
    }

    /// Whether a text is what Amazon writes: the usual case.
    fn fits(self, text: &str) -> bool {
        match self.0 {
            Some(Id::Digits) => is_digits(text) && !text.starts_with('0'),
            Some(Id::Order) => is_order(text),
            None => text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'),
        }
    }
}

/// Whether a spreadsheet shows that it had no room for the value, or couldn't compute it.
pub fn is_lost(text: &str) -> bool {
    text.starts_with('#') && (text.bytes().all(|byte| byte == b'#') || ERRORS.contains(&text))
}

/// Without what makes a spreadsheet keep a text (`'1`, `="1"`), and without characters that nobody sees.
fn bare(text: &str) -> Cow<'_, str> {
    let invisible =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let text: Cow<'_, str> = if text.contains(invisible) { text.replace(invisible, "").into() } else { text.into() };
    let inner = |text: &str| {
        let quoted = text.strip_prefix('=').and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
        let marked = || text.strip_prefix(['\'', '\u{2019}']);
        Some(trim(quoted.or_else(marked)?).to_owned())
    };
    match inner(&text) {
        Some(inner) => inner.into(),
        None => text,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The digits of a whole number, whatever stands between its thousands, behind its mark or as its power of ten; `None`
/// where it isn't one.
fn whole_number(text: &str) -> Option<String> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let digits = match text.split_once(['E', 'e']) {
        Some((number, power)) => {
            let power = power.strip_prefix('+').unwrap_or(power);
            let (whole, places) = number.split_once(['.', ','])?;
            // Fewer places than the power has: the last digits are lost.
            let (own, zeros) = places.split_at_checked(power.parse().ok()?)?;
            (whole.len() == 1 && is_digits(whole) && is_digits(own) && zeros.bytes().all(|byte| byte == b'0'))
                .then(|| format!("{whole}{own}"))?
        }
        None => ungrouped(text)?,
    };
    let digits = digits.trim_start_matches('0');
    (!digits.is_empty()).then(|| digits.to_owned())
}

/// `28,471,003,921`, `28 471 003 921`, `28471003921.00` without their separators.
fn ungrouped(text: &str) -> Option<String> {
    let is_mark = |c: char| matches!(c, '.' | ',');
    let is_group = |c: char| is_mark(c) || c.is_whitespace() || matches!(c, '\'' | '\u{2019}');
    let places = text
        .rsplit_once(is_mark)
        .filter(|(_, zeros)| !zeros.is_empty() && zeros.len() < 3 && zeros.bytes().all(|byte| byte == b'0'));
    let whole = places.map_or(text, |(whole, _)| whole);
    if is_digits(whole) {
        return Some(whole.to_owned());
    }
    let separator = whole.chars().find(|c| is_group(*c))?;
    let mut groups = whole.split(separator);
    let first = groups.next().filter(|first| first.len() <= 3 && is_digits(first))?;
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || !is_digits(group) {
            return None;
        }
        digits.push_str(group);
    }
    Some(digits)
}

/// An order's id, whatever dashes part it.
fn hyphenated(text: &str) -> Option<String> {
    let is_dash = |c: char| matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' | '\u{ad}');
    let text: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| if is_dash(c) { '-' } else { c }).collect();
    is_order(&text).then_some(text)
}

/// Three numbers, the first of them possibly behind an S. How many digits they have isn't asked: old ones differ.
fn is_order(text: &str) -> bool {
    let text = text.strip_prefix('S').unwrap_or(text);
    let mut parts = text.split('-');
    (0..3).all(|_| parts.next().is_some_and(is_digits)) && parts.next().is_none()
}

/// `1.23457E+11`, `9E+10`, `1,23457E+11`: what spreadsheets make of ids of more than eleven digits.
fn is_shortened(text: &str) -> bool {
    let Some((digits, exponent)) = text.split_once(['E', 'e']) else { return false };
    let Some(power) = exponent.strip_prefix('+').filter(|power| is_digits(power)) else { return false };
    let (whole, rest) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    let has_all = power.parse::<usize>().is_ok_and(|power| rest.len() >= power);
    whole.len() == 1 && is_digits(whole) && is_digits(rest) && !has_all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_a_spreadsheet_shortened_are_told_from_others() {
        for text in ["1.23457E+11", "9E+10", "1,23457E+11", "4e+09"] {
            assert!(is_shortened(text), "{text}");
        }
        for text in ["90000000001", "114-0000001-0000001", "12E+3", "E+3", "1.E+3", "1E10", "B0E+1", "1.2E+1x"] {
            assert!(!is_shortened(text), "{text}");
        }
    }

    #[test]
    fn spellings_of_one_id_are_that_id() {
        let digits = |text| IdFormat(Some(Id::Digits)).read(text).map(Cow::into_owned).ok();
        for text in [
            "28471003921",
            "28471003921.00",
            "28471003921,0",
            "28,471,003,921",
            "28.471.003.921",
            "28 471 003 921",
            "28\u{a0}471\u{a0}003\u{a0}921",
            "2.8471003921E10",
            "2,8471003921E+10",
            "028471003921",
            "'28471003921",
            "=\"28471003921\"",
            "\u{200e}28471003921",
            "+28471003921",
        ] {
            assert_eq!(digits(text).as_deref(), Some("28471003921"), "{text}");
        }
        for text in [
            "2.8471E+10",
            "2.8E10",
            "28471003921.50",
            "28,471,03,921",
            "28471003921x",
            "x",
            "0",
            "2,8471003921",
            "-28471003921",
        ] {
            assert_eq!(digits(text), None, "{text}");
        }
        let order = |text| IdFormat(Some(Id::Order)).read(text).map(Cow::into_owned).ok();
        for text in [
            "111-0000001-0000001",
            "'111-0000001-0000001",
            "=\"111-0000001-0000001\"",
            "111-0000001-0000001\u{200b}",
            "111\u{2013}0000001\u{2013}0000001",
            "111 - 0000001 - 0000001",
        ] {
            assert_eq!(order(text).as_deref(), Some("111-0000001-0000001"), "{text}");
        }
        assert_eq!(order("S01-0000003-0000000").as_deref(), Some("S01-0000003-0000000"));
        for text in ["111-0000001-0000001x", "111-0000001", "KITE-1", "1110000001", "111-0000001-0000001-1"] {
            assert_eq!(order(text), None, "{text}");
        }
        let any = |text| IdFormat(None).read(text).map(Cow::into_owned).ok();
        assert_eq!(any("=\"FBA15\"").as_deref(), Some("FBA15"));
        assert_eq!(any("own,1").as_deref(), Some("own,1"));
    }
}
