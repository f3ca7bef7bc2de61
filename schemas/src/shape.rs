//! What the values of a column look like, where that tells a row whose cells have moved.

use serde::Deserialize;

/// Looks of a value. Flat files: in a row whose last cell is empty, a cell that looks otherwise is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Amazon's product id: capital letters and digits, the first of them B or a digit.
    Asin,
    /// Amazon's id of a seller's stock: capital letters and digits, the first of them X, B, Z or a digit. It may be the ASIN.
    Fnsku,
    /// An order's id: 3-7-7 digits; S0n-7-7 for multi-channel fulfilment.
    Order,
    /// A country's code of two letters.
    Country,
    /// A warehouse's label on a unit: it begins with LP.
    Lpn,
    /// A code of letters and underscores.
    Code,
    /// Words without digits.
    Words,
    /// A postal code, and not a country's.
    Postal,
    /// A marketplace: a country's code or a name such as amazon.de.
    Marketplace,
    /// Text that says more than yes or no.
    Text,
    /// An id: it has a digit.
    Id,
    /// A number that is no amount of money.
    Ratio,
}

impl Shape {
    /// Whether a text looks like it.
    pub fn fits(self, text: &str) -> bool {
        let capitals = || text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'-'));
        let has_digit = || text.bytes().any(|byte| byte.is_ascii_digit());
        match self {
            Self::Asin => {
                let first = |byte: &u8| *byte == b'B' || byte.is_ascii_digit();
                (2..=12).contains(&text.len()) && capitals() && text.as_bytes().first().is_some_and(first)
            }
            Self::Fnsku => {
                let first = |byte: &u8| matches!(byte, b'X' | b'B' | b'Z' | b'0'..=b'9');
                (2..=12).contains(&text.len()) && capitals() && text.as_bytes().first().is_some_and(first)
            }
            Self::Order => is_order(text),
            Self::Country => text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()),
            Self::Lpn => text.starts_with("LP"),
            Self::Code => text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_'),
            Self::Words => text.chars().any(char::is_alphabetic) && !has_digit(),
            Self::Postal => !(text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())),
            Self::Marketplace => Self::Country.fits(text) || text.contains('.'),
            Self::Text => !["true", "false", "y", "n"].iter().any(|word| word.eq_ignore_ascii_case(text)),
            Self::Id => has_digit(),
            Self::Ratio => !text.contains(['$', '€', '£', '¥', '￥', '₹']),
        }
    }

    /// What a text isn't that doesn't fit.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asin => "an ASIN",
            Self::Fnsku => "an FNSKU",
            Self::Order => "an order id",
            Self::Country => "a country code",
            Self::Lpn => "a licence plate",
            Self::Code => "a code of letters",
            Self::Words => "made of words",
            Self::Postal => "a postal code",
            Self::Marketplace => "a marketplace",
            Self::Text => "a text",
            Self::Id => "an id",
            Self::Ratio => "a ratio",
        }
    }
}

fn is_order(text: &str) -> bool {
    let text = text.strip_prefix('S').map_or(text, |rest| rest);
    let mut parts = text.split('-');
    let mut digits = |lengths: &[usize]| {
        parts.next().is_some_and(|part| lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    digits(&[2, 3]) && digits(&[7]) && digits(&[7]) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::Shape;

    #[test]
    fn each_shape_has_its_own_and_leaves_its_neighbours() {
        let cases: [(Shape, &[&str], &[&str]); 12] = [
            (Shape::Asin, &["B0FIXTURE1", "1449311520", "013235088X"], &["X000FIX001", "KITE-1", "Kite", "Bolt"]),
            (Shape::Fnsku, &["X000FIX001", "B0FIXTURE1"], &["KITE-1", "Kite", "SELLABLE"]),
            (Shape::Order, &["114-0000001-0000001", "S01-0000003-0000000"], &["KITE-1", "1-2-3", "C900001"]),
            (Shape::Country, &["ES", "gb"], &["0", "Spain", "28001", "false"]),
            (Shape::Lpn, &["LPNFIX001", "LPNRR1"], &["It broke", "false"]),
            (Shape::Code, &["Lost_Warehouse", "UNWANTED_ITEM"], &["Unit returned", "KITE-1", "7"]),
            (Shape::Words, &["Unit returned to inventory", "VENDIBLE", "返品"], &["LPNFIX1", "-1", "--"]),
            (Shape::Postal, &["28001", "SW1A 1AA"], &["ES"]),
            (Shape::Marketplace, &["Amazon.es", "US"], &["Sports"]),
            (Shape::Text, &["PLM-1, 10% off"], &["true", "False", "N"]),
            (Shape::Id, &["800001", "R500001"], &["REIMBURSEMENT"]),
            (Shape::Ratio, &["2,78 %", "0.64"], &["$0.64", "0,44 €"]),
        ];
        for (shape, own, others) in cases {
            assert!(own.iter().all(|text| shape.fits(text)), "{shape:?}");
            assert!(!others.iter().any(|text| shape.fits(text)), "{shape:?}");
        }
    }
}
