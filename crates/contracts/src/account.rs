//! An account: a selling partner in one of Amazon's regions, the key of its quotas.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Kind, Result, SellerId};

/// One of Amazon's three regions; a refresh token works in the one that granted it (amazon.md: Regions and hosts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    /// North America and Brazil.
    Na,
    /// Europe, the Middle East, Africa and India.
    Eu,
    /// The Far East: Japan, Australia, Singapore.
    Fe,
}

impl Region {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Na, Self::Eu, Self::Fe];

    /// `na`, `eu` or `fe`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Na => "na",
            Self::Eu => "eu",
            Self::Fe => "fe",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Region {
    type Err = Error;

    fn from_str(value: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|region| region.as_str().eq_ignore_ascii_case(value)).ok_or_else(|| {
            let regions =
                "na (the Americas), eu (Europe, Middle East, Africa, India), fe (Japan, Australia, Singapore)";
            Error::permanent(Kind::Usage, format!("{value:?} is not one of Amazon's regions: {regions}"))
        })
    }
}

/// A seller in a region, through this installation's application: printed `<seller>-<region>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId {
    /// Whose account.
    pub seller: SellerId,
    /// Where.
    pub region: Region,
}

impl AccountId {
    /// The account of a seller in a region.
    pub fn new(seller: &SellerId, region: Region) -> Self {
        Self { seller: seller.clone(), region }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.seller, self.region)
    }
}

impl FromStr for AccountId {
    type Err = Error;

    fn from_str(value: &str) -> Result<Self> {
        let parts = value
            .rsplit_once('-')
            .and_then(|(seller, region)| Some((seller.parse::<SellerId>().ok()?, region.parse().ok()?)));
        let parts = parts.filter(|(seller, _)| !seller.is_shared());
        parts.map(|(seller, region)| Self { seller, region }).ok_or_else(|| {
            let form = "write the selling partner id and the region, as in A3TH9S8BH6GOGM-eu";
            Error::permanent(Kind::Usage, format!("{value:?} is not an account: {form}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_reads_back_as_it_prints() {
        let account: AccountId = "A3-X-eu".parse().unwrap();
        assert_eq!((account.seller.as_str(), account.region), ("A3-X", Region::Eu));
        assert_eq!(account.to_string(), "A3-X-eu");
        assert!("A3".parse::<AccountId>().is_err());
        assert!("shared-eu".parse::<AccountId>().is_err(), "the owner of shared lists has no account");
    }
}
