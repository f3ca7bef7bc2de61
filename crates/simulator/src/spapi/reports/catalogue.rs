//! Report types as rows of facts (amazon.md: Report types; How often a report is made; Roles).

use chrono::TimeDelta;

use crate::server::Role;

/// How soon a type may be generated again (amazon.md: How often a report is made).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cooldown {
    /// As often as the quota allows.
    Exempt,
    /// Every 30 minutes.
    NearRealTime,
    /// Every 4 hours.
    Daily,
    /// Every 24 hours.
    OncePerDay,
}

impl Cooldown {
    /// The time that must pass.
    pub fn window(self) -> TimeDelta {
        match self {
            Self::Exempt => TimeDelta::zero(),
            Self::NearRealTime => TimeDelta::minutes(30),
            Self::Daily => TimeDelta::hours(4),
            Self::OncePerDay => TimeDelta::hours(24),
        }
    }
}

/// A report type.
pub struct ReportType {
    /// Its name.
    pub name: &'static str,
    /// Longest range in days, if there is a limit.
    pub span_days: Option<i64>,
    /// How soon it may be generated again.
    pub cooldown: Cooldown,
    /// Shortest and longest generation in seconds.
    pub delay_seconds: (u64, u64),
    /// Whether a request may name one marketplace only.
    pub one_marketplace: bool,
    /// Whether it can be asked for; others are made by Amazon and listed.
    pub requestable: bool,
    /// Whether its documents need a restricted data token.
    pub restricted: bool,
    /// The role it needs.
    pub role: Role,
}

impl ReportType {
    const fn new(name: &'static str, role: Role, delay_seconds: (u64, u64)) -> Self {
        Self {
            name,
            span_days: None,
            cooldown: Cooldown::Exempt,
            delay_seconds,
            one_marketplace: false,
            requestable: true,
            restricted: false,
            role,
        }
    }

    const fn span(mut self, days: i64) -> Self {
        self.span_days = Some(days);
        self
    }

    const fn cooldown(mut self, cooldown: Cooldown) -> Self {
        self.cooldown = cooldown;
        self
    }

    const fn one_marketplace(mut self) -> Self {
        self.one_marketplace = true;
        self
    }

    const fn listed_only(mut self) -> Self {
        self.requestable = false;
        self
    }

    const fn restricted(mut self) -> Self {
        self.restricted = true;
        self
    }
}

/// The type of this name.
pub fn report_type(name: &str) -> Option<&'static ReportType> {
    TYPES.iter().find(|known| known.name == name)
}

/// Types that are never requested.
pub fn listed_types() -> impl Iterator<Item = &'static ReportType> {
    TYPES.iter().filter(|known| !known.requestable)
}

const ORDERS: Role = Role::InventoryAndOrderTracking;
const MONEY: Role = Role::FinanceAndAccounting;
const LISTINGS: Role = Role::ProductListing;
const BRAND: Role = Role::BrandAnalytics;
const ADDRESSES: Role = Role::DirectToConsumerShipping;
const QUICK: (u64, u64) = (10, 90);
const USUAL: (u64, u64) = (20, 300);
const SLOW: (u64, u64) = (120, 900);

static TYPES: [ReportType; 38] = [
    ReportType::new("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL", ORDERS, USUAL).span(30),
    ReportType::new("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", ORDERS, USUAL).span(30),
    ReportType::new("GET_FLAT_FILE_ARCHIVED_ORDERS_DATA_BY_ORDER_DATE", ORDERS, USUAL).span(30),
    ReportType::new("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL", ORDERS, USUAL)
        .span(31)
        .cooldown(Cooldown::NearRealTime),
    ReportType::new("GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", ORDERS, USUAL).cooldown(Cooldown::Daily),
    ReportType::new("GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE", ORDERS, USUAL).span(60),
    ReportType::new("GET_FBA_REIMBURSEMENTS_DATA", ORDERS, USUAL).span(549).cooldown(Cooldown::Daily),
    ReportType::new("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2", MONEY, QUICK).listed_only(),
    ReportType::new("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE", MONEY, QUICK).listed_only(),
    ReportType::new("GET_DATE_RANGE_FINANCIAL_HOLDS_DATA", MONEY, QUICK).listed_only(),
    ReportType::new("GET_FLAT_FILE_SALES_TAX_DATA", MONEY, QUICK).listed_only(),
    ReportType::new("GET_LEDGER_DETAIL_VIEW_DATA", ORDERS, SLOW).span(549).cooldown(Cooldown::Daily),
    ReportType::new("GET_LEDGER_SUMMARY_VIEW_DATA", ORDERS, SLOW).span(549).cooldown(Cooldown::Daily),
    ReportType::new("GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA", ORDERS, QUICK)
        .cooldown(Cooldown::NearRealTime)
        .one_marketplace(),
    ReportType::new("GET_FBA_MYI_ALL_INVENTORY_DATA", ORDERS, QUICK).cooldown(Cooldown::NearRealTime).one_marketplace(),
    ReportType::new("GET_AFN_INVENTORY_DATA", ORDERS, QUICK).cooldown(Cooldown::NearRealTime),
    ReportType::new("GET_AFN_INVENTORY_DATA_BY_COUNTRY", ORDERS, QUICK).cooldown(Cooldown::NearRealTime),
    ReportType::new("GET_RESERVED_INVENTORY_DATA", ORDERS, QUICK).cooldown(Cooldown::NearRealTime),
    ReportType::new("GET_FBA_INVENTORY_PLANNING_DATA", ORDERS, SLOW).cooldown(Cooldown::Daily),
    ReportType::new("GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT", ORDERS, SLOW).cooldown(Cooldown::NearRealTime),
    ReportType::new("GET_STRANDED_INVENTORY_UI_DATA", ORDERS, QUICK).cooldown(Cooldown::NearRealTime),
    ReportType::new("GET_FBA_STORAGE_FEE_CHARGES_DATA", ORDERS, SLOW).span(31).cooldown(Cooldown::Daily),
    ReportType::new("GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA", ORDERS, SLOW).cooldown(Cooldown::Daily),
    ReportType::new("GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA", ORDERS, SLOW).cooldown(Cooldown::Daily),
    ReportType::new("GET_REFERRAL_FEE_PREVIEW_REPORT", ORDERS, USUAL).cooldown(Cooldown::OncePerDay).one_marketplace(),
    ReportType::new("GET_MERCHANT_LISTINGS_ALL_DATA", LISTINGS, QUICK).one_marketplace(),
    ReportType::new("GET_MERCHANT_LISTINGS_DATA", LISTINGS, QUICK).one_marketplace(),
    ReportType::new("GET_MERCHANT_LISTINGS_INACTIVE_DATA", LISTINGS, QUICK).one_marketplace(),
    ReportType::new("GET_FLAT_FILE_OPEN_LISTINGS_DATA", LISTINGS, QUICK).one_marketplace(),
    ReportType::new("GET_SALES_AND_TRAFFIC_REPORT", BRAND, USUAL).one_marketplace(),
    ReportType::new("GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT", BRAND, SLOW).one_marketplace(),
    ReportType::new("GET_BRAND_ANALYTICS_MARKET_BASKET_REPORT", BRAND, SLOW).one_marketplace(),
    ReportType::new("GET_BRAND_ANALYTICS_REPEAT_PURCHASE_REPORT", BRAND, SLOW).one_marketplace(),
    ReportType::new("GET_SELLER_FEEDBACK_DATA", ORDERS, USUAL),
    ReportType::new("GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING", ADDRESSES, QUICK).restricted(),
    ReportType::new("GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING", ADDRESSES, USUAL).span(30).restricted(),
    ReportType::new("GET_FLAT_FILE_ORDER_REPORT_DATA_INVOICING", ADDRESSES, USUAL).span(30).restricted(),
    ReportType::new("GET_VAT_TRANSACTION_DATA", Role::TaxRemittance, SLOW).span(31).restricted(),
];
