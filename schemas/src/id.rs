//! How Amazon writes its ids.

use serde::Deserialize;

/// The form of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Id {
    /// Digits alone, the first of them not 0: of settlements, reimbursements, order items.
    Digits,
    /// An order's: digits, parted by two hyphens; the first part may begin with S.
    Order,
}
