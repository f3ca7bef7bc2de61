//! What a seller sells.

use chrono::{DateTime, Utc};

/// Prices in minor units and the moments they began, oldest first.
pub(crate) type PriceSteps = Vec<(DateTime<Utc>, i64)>;

/// A product under one SKU, sold in all of the seller's marketplaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Seller's SKU. Some hold spaces and slashes.
    pub sku: String,
    /// Amazon's id of the product.
    pub asin: String,
    /// Amazon's id of the product that has this one as a variation.
    pub parent_asin: String,
    /// Amazon's id of the seller's stock of it.
    pub fnsku: String,
    /// Its title.
    pub title: Title,
    /// Whether Amazon stores and ships it.
    pub by_amazon: bool,
    /// When it went on sale.
    pub listed_at: DateTime<Utc>,
    /// Referral fee in thousandths of the price.
    pub referral: i64,
    /// Fulfilment fee of one unit in US cents.
    pub fulfilment: i64,
    /// Volume in ten-thousandths of a cubic foot.
    pub volume: i64,
    /// Price per marketplace id, each with the moment it began; the first holds from the start.
    pub(crate) prices: Vec<(&'static str, PriceSteps)>,
}

/// A title in the languages worlds are printed in. Lone quotes and inch marks are data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// In English.
    pub english: String,
    /// In German, with umlauts.
    pub german: String,
    /// In French.
    pub french: String,
    /// In Japanese.
    pub japanese: String,
}

impl Title {
    /// The title in a marketplace's language; English where there is no other.
    pub fn in_language(&self, language: &str) -> &str {
        match language {
            "de_DE" => &self.german,
            "fr_FR" => &self.french,
            "ja_JP" => &self.japanese,
            _ => &self.english,
        }
    }
}

impl Product {
    /// Its price in a marketplace at a moment, in minor units.
    pub(crate) fn price(&self, marketplace: &str, at: DateTime<Utc>) -> i64 {
        let history = self.prices.iter().find(|(id, _)| *id == marketplace).map_or(&[][..], |(_, steps)| steps);
        let standing = history.partition_point(|(from, _)| *from <= at);
        history.get(standing.saturating_sub(1)).map_or(0, |(_, price)| *price)
    }
}
