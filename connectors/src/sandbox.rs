//! Amazon's static sandbox: a documented request for each operation in use, word for word, since the sandbox knows no
//! others (amazon.md: Sandbox). No real data comes back; what is shown is that sign-in, addresses and reading answers
//! work.

use sellerlake_contracts::{Error, Kind};
use serde_json::json;

use crate::ask::Ask;
use crate::call::Caller;
use crate::check::{Finding, finding};
use crate::spapi::operations::{
    CREATE_QUERY, CREATE_REPORT, GET_COMPETITIVE_PRICING, GET_DOCUMENT, GET_MARKETPLACE_PARTICIPATIONS,
    GET_ORDER_ITEMS, GET_ORDER_METRICS, GET_ORDERS, GET_PRICING, GET_QUERY, GET_REPORT, GET_REPORT_DOCUMENT,
    GET_REPORTS, LIST_FINANCIAL_EVENT_GROUPS, LIST_FINANCIAL_EVENTS, LIST_TRANSACTIONS, SEARCH_CATALOG_ITEMS,
    SEARCH_LISTINGS_ITEMS, SEARCH_ORDERS,
};

const US: &str = "ATVPDKIKX0DER";

/// The page token of both Finances APIs' samples.
const MONEY_PAGE: &str = "jehgri34yo7jr9e8f984tr9i4o";

/// Tries every operation; stock has no static shape, and fees are estimated per request.
pub(crate) async fn check(caller: &Caller) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (ask, holds) in samples() {
        let answered = caller.call(&ask).await.and_then(|reply| match reply.json.pointer(holds) {
            Some(_) => Ok("answers as documented".to_owned()),
            None => Err(Error::permanent(Kind::Remote, "the answer lacks what the documentation shows")
                .with("pointer", holds)
                .into()),
        });
        findings.push(finding(ask.operation.name, answered));
    }
    findings
}

/// Requests as documented, and what each answer holds.
fn samples() -> Vec<(Ask, &'static str)> {
    let mut samples = vec![(Ask::of(&GET_MARKETPLACE_PARTICIPATIONS), "/payload/0/marketplace/id")];
    samples.extend(reports());
    samples.extend(orders());
    samples.extend(money());
    samples.extend(products());
    samples.extend(kiosk());
    samples
}

fn reports() -> [(Ask, &'static str); 4] {
    let listed = Ask::of(&GET_REPORTS)
        .list("reportTypes", ["FEE_DISCOUNTS_REPORT", "GET_AFN_INVENTORY_DATA"])
        .list("processingStatuses", ["IN_QUEUE", "IN_PROGRESS"]);
    let created = Ask::of(&CREATE_REPORT).json(&json!({
        "reportType": "GET_MERCHANT_LISTINGS_ALL_DATA",
        "dataStartTime": "2024-03-10T20:11:24.000Z",
        "marketplaceIds": ["A1PA6795UKMFR9", US],
    }));
    [
        (listed, "/reports/0/reportId"),
        (created, "/reportId"),
        (Ask::of(&GET_REPORT).name("ID323"), "/processingStatus"),
        (Ask::of(&GET_REPORT_DOCUMENT).name("0356cf79-b8b0-4226-b4b9-0ee058ea5760"), "/url"),
    ]
}

fn orders() -> [(Ask, &'static str); 4] {
    let included =
        ["BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES"];
    let searched = Ask::of(&SEARCH_ORDERS)
        .query("createdAfter", "2024-12-25T00:00:00Z")
        .query("marketplaceIds", "A1VC38T7YXB528")
        .list("includedData", included);
    let older = Ask::of(&GET_ORDERS).query("CreatedAfter", "TEST_CASE_200").query("MarketplaceIds", US);
    [
        (searched, "/orders/0/orderId"),
        (older, "/payload/Orders/0/AmazonOrderId"),
        (Ask::of(&GET_ORDER_ITEMS).name("TEST_CASE_200"), "/payload/OrderItems/0/OrderItemId"),
        (Ask::of(&GET_ORDER_METRICS).query("granularity", "Total"), "/payload/0/unitCount"),
    ]
}

fn money() -> [(Ask, &'static str); 3] {
    let transactions = Ask::of(&LIST_TRANSACTIONS).query("postedAfter", "2023-03-07").query("nextToken", MONEY_PAGE);
    let events = Ask::of(&LIST_FINANCIAL_EVENTS).query("MaxResultsPerPage", "10").query("NextToken", MONEY_PAGE);
    let groups = Ask::of(&LIST_FINANCIAL_EVENT_GROUPS)
        .query("MaxResultsPerPage", "1")
        .query("FinancialEventGroupStartedBefore", "2019-10-31")
        .query("FinancialEventGroupStartedAfter", "2019-10-13");
    [
        (transactions, "/payload/transactions/0"),
        (events, "/payload/FinancialEvents"),
        (groups, "/payload/FinancialEventGroupList/0/FinancialEventGroupId"),
    ]
}

fn products() -> [(Ask, &'static str); 4] {
    let catalog = [
        "classifications",
        "dimensions",
        "identifiers",
        "images",
        "productTypes",
        "relationships",
        "salesRanks",
        "summaries",
        "vendorDetails",
    ];
    let found = Ask::of(&SEARCH_CATALOG_ITEMS)
        .list("keywords", ["samsung", "tv"])
        .query("marketplaceIds", US)
        .list("includedData", catalog);
    let listed = Ask::of(&SEARCH_LISTINGS_ITEMS)
        .name("AXXXXXXXXXXXXX")
        .query("identifiersType", "SKU")
        .list("identifiers", ["GM-ZDPI-9B4E", "HW-ZDPI-9B4E", "TC-ZDPI-9B4E"])
        .list("marketplaceIds", [US, "A2EUQ1WTGCTBG2"])
        .list("includedData", ["summaries", "offers", "fulfillmentAvailability", "issues"])
        .query("pageSize", "1");
    let priced = |ask: Ask| (ask.query("MarketplaceId", US).query("ItemType", "Asin"), "/payload/0/status");
    [
        (found, "/numberOfResults"),
        (listed, "/numberOfResults"),
        priced(Ask::of(&GET_PRICING)),
        priced(Ask::of(&GET_COMPETITIVE_PRICING)),
    ]
}

fn kiosk() -> [(Ask, &'static str); 3] {
    let query = "query {sampleQuery(startDate:\"2023-03-01\" endDate:\"2023-03-31\" marketplaceIds:[\"ATVPDKIKX0DER\"])\
                 {sales{date averageSellingPrice{amount currencyCode}}}}";
    [
        (Ask::of(&CREATE_QUERY).json(&json!({ "query": query })), "/queryId"),
        (Ask::of(&GET_QUERY).name("QueryId1"), "/queryId"),
        (Ask::of(&GET_DOCUMENT).name("DocumentId1"), "/documentUrl"),
    ]
}
