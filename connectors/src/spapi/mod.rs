//! The Selling Partner API.

pub(crate) mod adoption;
pub(crate) mod cooldown;
pub(crate) mod finances;
pub(crate) mod inventory;
pub(crate) mod kiosk;
pub(crate) mod orders;
pub(crate) mod orders_v0;
pub(crate) mod products;
pub(crate) mod report;
pub(crate) mod report_document;
pub(crate) mod report_operations;
pub(crate) mod roles;
pub(crate) mod sellers;
pub(crate) mod settlements;
