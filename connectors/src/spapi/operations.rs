//! The Selling Partner API's operations in use, with their quotas and roles (amazon.md: Default rates; Roles).

use crate::operation::Operation;

const ORDERS: &str = "Inventory and Order Tracking";
const FINANCE: &str = "Finance and Accounting";
const LISTING: &str = "Product Listing";
const PRICING: &str = "Pricing";
const INSIGHT: &str = "Selling Partner Insights";

pub(crate) const CREATE_REPORT: Operation =
    Operation::post("createReport", "/reports/2021-06-30/reports").rate(0.0167, 15).creates();
pub(crate) const GET_REPORTS: Operation = Operation::get("getReports", "/reports/2021-06-30/reports").rate(0.0222, 10);
pub(crate) const GET_REPORT: Operation =
    Operation::get("getReport", "/reports/2021-06-30/reports/{reportId}").rate(2.0, 15);
pub(crate) const GET_REPORT_DOCUMENT: Operation =
    Operation::get("getReportDocument", "/reports/2021-06-30/documents/{reportDocumentId}").rate(0.0167, 15);
pub(crate) const CREATE_RESTRICTED_DATA_TOKEN: Operation =
    Operation::post("createRestrictedDataToken", "/tokens/2021-03-01/restrictedDataToken").rate(1.0, 10);

pub(crate) const SEARCH_ORDERS: Operation =
    Operation::get("searchOrders", "/orders/2026-01-01/orders").rate(0.0056, 20).role(ORDERS);
pub(crate) const GET_ORDERS: Operation = Operation::get("getOrders", "/orders/v0/orders").rate(0.0167, 20).role(ORDERS);
pub(crate) const GET_ORDER_ITEMS: Operation =
    Operation::get("getOrderItems", "/orders/v0/orders/{orderId}/orderItems").rate(0.5, 30).role(ORDERS);
pub(crate) const GET_ORDER_METRICS: Operation =
    Operation::get("getOrderMetrics", "/sales/v1/orderMetrics").rate(0.5, 15).role(ORDERS);

pub(crate) const LIST_TRANSACTIONS: Operation =
    Operation::get("listTransactions", "/finances/2024-06-19/transactions").rate(0.5, 10).role(FINANCE);
pub(crate) const LIST_FINANCIAL_EVENTS: Operation =
    Operation::get("listFinancialEvents", "/finances/v0/financialEvents").rate(0.5, 30).role(FINANCE);
pub(crate) const LIST_FINANCIAL_EVENT_GROUPS: Operation =
    Operation::get("listFinancialEventGroups", "/finances/v0/financialEventGroups").rate(0.5, 30).role(FINANCE);

pub(crate) const GET_INVENTORY_SUMMARIES: Operation =
    Operation::get("getInventorySummaries", "/fba/inventory/v1/summaries").rate(2.0, 2).role("Amazon Fulfillment");
pub(crate) const SEARCH_CATALOG_ITEMS: Operation =
    Operation::get("searchCatalogItems", "/catalog/2022-04-01/items").rate(2.0, 2).role(LISTING);
pub(crate) const SEARCH_LISTINGS_ITEMS: Operation =
    Operation::get("searchListingsItems", "/listings/2021-08-01/items/{sellerId}").rate(5.0, 5).role(LISTING);
pub(crate) const GET_PRICING: Operation =
    Operation::get("getPricing", "/products/pricing/v0/price").rate(0.5, 1).role(PRICING);
pub(crate) const GET_COMPETITIVE_PRICING: Operation =
    Operation::get("getCompetitivePricing", "/products/pricing/v0/competitivePrice").rate(0.5, 1).role(PRICING);
pub(crate) const GET_MY_FEES_ESTIMATES: Operation =
    Operation::post("getMyFeesEstimates", "/products/fees/v0/feesEstimate").rate(0.5, 1).role(PRICING);
pub(crate) const GET_MARKETPLACE_PARTICIPATIONS: Operation =
    Operation::get("getMarketplaceParticipations", "/sellers/v1/marketplaceParticipations")
        .rate(0.016, 15)
        .role(INSIGHT);

pub(crate) const CREATE_QUERY: Operation =
    Operation::post("createQuery", "/dataKiosk/2023-11-15/queries").rate(0.0167, 15).creates();
pub(crate) const GET_QUERIES: Operation =
    Operation::get("getQueries", "/dataKiosk/2023-11-15/queries").rate(0.0222, 10);
pub(crate) const GET_QUERY: Operation =
    Operation::get("getQuery", "/dataKiosk/2023-11-15/queries/{queryId}").rate(2.0, 15);
pub(crate) const GET_DOCUMENT: Operation =
    Operation::get("getDocument", "/dataKiosk/2023-11-15/documents/{documentId}").rate(0.0167, 15);
