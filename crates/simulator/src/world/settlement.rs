//! What Amazon paid out, and for what.

use chrono::{DateTime, Utc};

use super::Marketplace;

/// Two weeks of one currency area, closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Amazon's id.
    pub id: u64,
    /// Id of the financial event group that holds the same money; never equal to the settlement's.
    pub group_id: String,
    /// Marketplaces that settle in this currency.
    pub markets: Vec<&'static Marketplace>,
    /// First moment, inclusive.
    pub start: DateTime<Utc>,
    /// Last moment, exclusive.
    pub end: DateTime<Utc>,
    /// Kept back by the settlement before, in minor units.
    pub previous_reserve: i64,
    /// Kept back for the settlement after.
    pub current_reserve: i64,
    /// Paid out: the lines of the transactions and the reserves together. Negative means the seller owes.
    pub total: i64,
    /// Its transactions, by the moment they count.
    pub transactions: Vec<usize>,
}

impl Settlement {
    /// Currency of all its amounts.
    pub fn currency(&self) -> &'static str {
        self.markets[0].currency
    }

    /// When the money reaches the bank.
    pub fn deposit_at(&self) -> DateTime<Utc> {
        self.end + chrono::TimeDelta::days(2)
    }
}
