//! Roles that open operations, as the developer console names them (amazon.md: Roles).

pub(crate) const ORDERS: &str = "Inventory and Order Tracking";
pub(crate) const FINANCE: &str = "Finance and Accounting";
pub(crate) const LISTING: &str = "Product Listing";
pub(crate) const PRICING: &str = "Pricing";
pub(crate) const INSIGHT: &str = "Selling Partner Insights";
pub(crate) const FULFILMENT: &str = "Amazon Fulfillment";
