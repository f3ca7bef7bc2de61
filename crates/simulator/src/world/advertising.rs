//! Who advertises what.

use super::Marketplace;

/// Advertising account of one marketplace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdsProfile {
    /// Amazon's profile id, digits.
    pub id: String,
    /// Its marketplace; days are those of its zone.
    pub market: &'static Marketplace,
}

/// Kind of advertising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AdProduct {
    /// Sponsored Products.
    Products,
    /// Sponsored Brands: no SKU behind an ad.
    Brands,
    /// Sponsored Display.
    Display,
}

/// A campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Amazon's id.
    pub id: u64,
    /// Place of its profile in the seller's list.
    pub profile: usize,
    /// Kind of advertising.
    pub product: AdProduct,
    /// Its name.
    pub name: String,
    /// Daily budget in minor units.
    pub budget: i64,
}

/// An ad of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ad {
    /// Amazon's id.
    pub id: u64,
    /// Place of its campaign in the seller's list.
    pub campaign: usize,
    /// Id of its ad group.
    pub group_id: u64,
    /// The product it shows; none in Sponsored Brands.
    pub product: Option<usize>,
}
