//! Documents as Amazon would print them, of what had been published by a moment.
//!
//! Each file prints one kind of report from the world's events; a document is a pure function of world, query and
//! moment. Headers, charsets, date formats and gaps are those seen in the field (amazon.md: Flat files; Charsets).

mod ads;
mod ads_columns;
mod ads_kinds;
mod fba_returns;
mod fulfilled_shipments;
mod ledger;
mod listings;
mod order_rows;
mod planning;
mod sales_and_traffic;
mod settlement_v1;
mod settlement_v2;
mod settlements;
mod sheet;
mod stock_lists;
mod storage_fees;
mod to_ship;
mod traffic;

pub use ads::ads_report;
pub use ads_kinds::AdsQuery;
pub use settlements::{Listed, listed, listed_document};

pub(crate) use traffic::{Sales, sales_of_day};

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::world::{Marketplace, Seller, World};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportQuery {
    /// Amazon's report type.
    pub report_type: String,
    /// Marketplace ids.
    pub marketplaces: Vec<String>,
    /// First moment, inclusive.
    pub from: DateTime<Utc>,
    /// Last moment, exclusive.
    pub to: DateTime<Utc>,
    /// Report options by name.
    pub options: BTreeMap<String, String>,
}

/// What comes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// A document.
    Document(Document),
    /// Nothing to print; Amazon cancels the report.
    NoData,
    /// The request makes no sense; the text goes into the error document of a FATAL report.
    Refused(String),
}

/// A document's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Plain bytes, in `charset`.
    pub bytes: Vec<u8>,
    /// The charset as Amazon labels it.
    pub charset: &'static str,
    /// Content type without the charset.
    pub content_type: &'static str,
}

/// What was asked, resolved: by whom, and when it is printed.
pub(crate) struct Asked<'a> {
    pub(crate) seller: &'a Seller,
    pub(crate) query: &'a ReportQuery,
    pub(crate) now: DateTime<Utc>,
}

/// The report a seller would get at `now`. Refuses unknown sellers, types this simulator doesn't print, and ranges
/// longer than Amazon allows.
pub fn report(world: &World, seller: &str, query: &ReportQuery, now: DateTime<Utc>) -> Report {
    let Some(seller) = world.seller(seller) else { return Report::Refused(format!("Unknown seller {seller}.")) };
    let asked = Asked { seller, query, now };
    let days = (query.to - query.from).num_days();
    let longest = match query.report_type.as_str() {
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
        | "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL" => 30,
        "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL" | "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING" => 31,
        _ => 800,
    };
    if days > longest || query.to < query.from {
        return Report::Refused(format!("The date range of {} is at most {longest} days.", query.report_type));
    }
    match query.report_type.as_str() {
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL" => order_rows::by_last_update(&asked),
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL" => order_rows::by_order_date(&asked),
        "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL" => fulfilled_shipments::print(&asked),
        "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING" => to_ship::unshipped(&asked),
        "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING" => to_ship::became_ready(&asked),
        "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA" => fba_returns::returns(&asked),
        "GET_FBA_REIMBURSEMENTS_DATA" => fba_returns::reimbursements(&asked),
        "GET_LEDGER_DETAIL_VIEW_DATA" => ledger::print(&asked, world.ledger_by_instant),
        "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA" => stock_lists::unsuppressed(&asked),
        "GET_STRANDED_INVENTORY_UI_DATA" => stock_lists::stranded(&asked),
        "GET_FBA_INVENTORY_PLANNING_DATA" => planning::print(&asked),
        "GET_FBA_STORAGE_FEE_CHARGES_DATA" => storage_fees::print(&asked),
        "GET_MERCHANT_LISTINGS_ALL_DATA" => listings::print(&asked),
        "GET_SALES_AND_TRAFFIC_REPORT" => sales_and_traffic::print(&asked),
        other => Report::Refused(format!("Report type {other} is not supported.")),
    }
}

impl Asked<'_> {
    /// Whether the query covers a marketplace; without any it covers all.
    pub(crate) fn wants(&self, market: &Marketplace) -> bool {
        self.query.marketplaces.is_empty() || self.query.marketplaces.iter().any(|id| id == market.id)
    }

    /// The marketplace of a report that covers one: the first asked for, else the seller's home.
    pub(crate) fn one_market(&self) -> Option<&'static Marketplace> {
        match self.query.marketplaces.first() {
            Some(id) => self.seller.marketplaces.iter().find(|market| market.id == id).copied(),
            None => self.seller.marketplaces.first().copied(),
        }
    }
}
