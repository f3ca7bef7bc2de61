//! Identifiers as types, checked once where they enter.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Kind, Result};

/// A selling partner id: the lake's isolation key and a path segment, hence its narrow alphabet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SellerId(String);

/// One of Amazon's marketplace ids (`ATVPDKIKX0DER`); unknown ones are legal (amazon.md: Marketplaces).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MarketplaceId(String);

fn checked(value: &str, what: &'static str) -> Result<String> {
    let ok = !value.is_empty()
        && value.len() <= 64
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if ok {
        return Ok(value.to_owned());
    }
    Err(Error::permanent(Kind::Usage, format!("{value:?} is not a {what}"))
        .hint("1 to 64 letters, digits, '-' or '_', as Amazon prints it (for instance A3TH9S8BH6GOGM)"))
}

macro_rules! id {
    ($name:ident, $what:literal) => {
        impl $name {
            /// The id as Amazon prints it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = Error;
            fn from_str(value: &str) -> Result<Self> {
                checked(value, $what).map(Self)
            }
        }
        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(value: String) -> Result<Self> {
                value.parse()
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(SellerId, "selling partner id");
id!(MarketplaceId, "marketplace id");

impl SellerId {
    /// The owner of lists that hold for every seller. It is no seller: it has no account, no tables and no rows of its own.
    pub fn shared() -> Self {
        Self("shared".to_owned())
    }

    /// Whether this is the owner of shared lists.
    pub fn is_shared(&self) -> bool {
        self.0 == "shared"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seller_id_can_never_leave_its_folder() {
        for bad in ["", "..", "a/b", "a b", "ä", "a=b", &"x".repeat(65)] {
            assert!(bad.parse::<SellerId>().is_err(), "{bad:?}");
        }
        assert_eq!("A3TH9S8BH6GOGM".parse::<SellerId>().unwrap().as_str(), "A3TH9S8BH6GOGM");
    }
}
