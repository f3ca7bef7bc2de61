//! The static sandbox: requests that are documented, word for word, get the answer that is documented in kind; all
//! others are refused (amazon.md: Sandbox). It knows nothing of the world.

use serde_json::Value;

use crate::server::call::Request;
use crate::server::{Amazon, Answer, Query, chance};
use crate::signin;
use crate::spapi;

/// One documented request and its answer, bodies in JSON.
struct Shape {
    method: &'static str,
    path: &'static str,
    query: &'static str,
    body: &'static str,
    status: u16,
    answer: &'static str,
}

const fn get(path: &'static str, query: &'static str, answer: &'static str) -> Shape {
    Shape { method: "GET", path, query, body: "", status: 200, answer }
}

const fn post(path: &'static str, body: &'static str, answer: &'static str) -> Shape {
    Shape { method: "POST", path, query: "", body, status: 202, answer }
}

const SHAPES: &[Shape] = &[
    get(
        "/sellers/v1/marketplaceParticipations",
        "",
        r#"{"payload": [{"marketplace": {"id": "ATVPDKIKX0DER", "countryCode": "US", "name": "Amazon.com",
            "defaultCurrencyCode": "USD", "defaultLanguageCode": "en_US", "domainName": "www.amazon.com"},
            "participation": {"isParticipating": true, "hasSuspendedListings": false}, "storeName": "Sample"}]}"#,
    ),
    get(
        "/reports/2021-06-30/reports",
        "reportTypes=FEE_DISCOUNTS_REPORT,GET_AFN_INVENTORY_DATA&processingStatuses=IN_QUEUE,IN_PROGRESS",
        r#"{"reports": [{"reportId": "ReportId1", "reportType": "FEE_DISCOUNTS_REPORT",
            "createdTime": "2024-03-10T13:47:20Z", "processingStatus": "IN_PROGRESS"}]}"#,
    ),
    post(
        "/reports/2021-06-30/reports",
        r#"{"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA", "dataStartTime": "2024-03-10T20:11:24.000Z",
            "marketplaceIds": ["A1PA6795UKMFR9", "ATVPDKIKX0DER"]}"#,
        r#"{"reportId": "ID323"}"#,
    ),
    get(
        "/reports/2021-06-30/reports/ID323",
        "",
        r#"{"reportId": "ReportId1", "reportType": "FEE_DISCOUNTS_REPORT", "createdTime": "2024-03-10T13:47:20Z",
            "processingStatus": "IN_PROGRESS"}"#,
    ),
    get(
        "/reports/2021-06-30/documents/0356cf79-b8b0-4226-b4b9-0ee058ea5760",
        "",
        r#"{"reportDocumentId": "0356cf79-b8b0-4226-b4b9-0ee058ea5760", "url": "https://sandbox.invalid/listings.txt"}"#,
    ),
    get(
        "/orders/2026-01-01/orders",
        "createdAfter=2024-12-25T00:00:00Z&marketplaceIds=A1VC38T7YXB528&includedData=BUYER,RECIPIENT,PROCEEDS,EXPENSE,\
         PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES",
        r#"{"orders": [{"orderId": "250-1234567-8901234", "createdTime": "2024-12-25T02:30:00Z",
            "lastUpdatedTime": "2024-12-25T03:30:00Z", "salesChannel": {"channelName": "AMAZON"}, "orderItems": []}]}"#,
    ),
    get(
        "/orders/v0/orders",
        "CreatedAfter=TEST_CASE_200&MarketplaceIds=ATVPDKIKX0DER",
        r#"{"payload": {"CreatedBefore": "1.569521782042E9", "Orders": [{"AmazonOrderId": "902-1845936-5435065",
            "PurchaseDate": "1970-01-19T03:58:30Z", "LastUpdateDate": "1970-01-19T03:58:32Z", "OrderStatus": "Unshipped"}]}}"#,
    ),
    get(
        "/orders/v0/orders/TEST_CASE_200/orderItems",
        "",
        r#"{"payload": {"AmazonOrderId": "902-1845936-5435065", "OrderItems": [{"ASIN": "B00551Q3CS",
            "OrderItemId": "05015851154158", "QuantityOrdered": 1}]}}"#,
    ),
    get(
        "/sales/v1/orderMetrics",
        "granularity=Total",
        r#"{"payload": [{"interval": "2019-08-01T00:00-07:00--2018-08-03T00:00-07:00", "unitCount": 2, "orderItemCount": 2,
            "orderCount": 2, "averageUnitPrice": {"amount": "9.5", "currencyCode": "USD"},
            "totalSales": {"amount": "19", "currencyCode": "USD"}}]}"#,
    ),
    get(
        "/finances/2024-06-19/transactions",
        "postedAfter=2023-03-07&nextToken=jehgri34yo7jr9e8f984tr9i4o",
        r#"{"payload": {"nextToken": "Next token value", "transactions": [{"transactionType": "Shipment",
            "transactionId": "b1qD0oAliFkLiqRyGbmeT0DoS2Z2kHzi7TZ92z-vARI"}]}}"#,
    ),
    get(
        "/finances/v0/financialEvents",
        "MaxResultsPerPage=10&NextToken=jehgri34yo7jr9e8f984tr9i4o",
        r#"{"payload": {"NextToken": "Next token value", "FinancialEvents": {}}}"#,
    ),
    get(
        "/finances/v0/financialEventGroups",
        "MaxResultsPerPage=1&FinancialEventGroupStartedBefore=2019-10-31&FinancialEventGroupStartedAfter=2019-10-13",
        r#"{"payload": {"FinancialEventGroupList": [{"FinancialEventGroupId": "1", "ProcessingStatus": "PROCESSED"}]}}"#,
    ),
    get(
        "/catalog/2022-04-01/items",
        "keywords=samsung,tv&marketplaceIds=ATVPDKIKX0DER&includedData=classifications,dimensions,identifiers,images,\
         productTypes,relationships,salesRanks,summaries,vendorDetails",
        r#"{"numberOfResults": 1, "items": [{"asin": "B07N4M94X4"}]}"#,
    ),
    get(
        "/listings/2021-08-01/items/AXXXXXXXXXXXXX",
        "identifiersType=SKU&identifiers=GM-ZDPI-9B4E,HW-ZDPI-9B4E,TC-ZDPI-9B4E&\
         marketplaceIds=ATVPDKIKX0DER,A2EUQ1WTGCTBG2&includedData=summaries,offers,fulfillmentAvailability,issues&pageSize=1",
        r#"{"numberOfResults": 3, "items": [{"sku": "GM-ZDPI-9B4E"}]}"#,
    ),
    get(
        "/products/pricing/v0/price",
        "MarketplaceId=ATVPDKIKX0DER&ItemType=Asin",
        r#"{"payload": [{"status": "Success", "ASIN": "B00V5DG6IQ"}]}"#,
    ),
    get(
        "/products/pricing/v0/competitivePrice",
        "MarketplaceId=ATVPDKIKX0DER&ItemType=Asin",
        r#"{"payload": [{"status": "Success", "ASIN": "B00V5DG6IQ"}]}"#,
    ),
    post(
        "/dataKiosk/2023-11-15/queries",
        r#"{"query": "query {sampleQuery(startDate:\"2023-03-01\" endDate:\"2023-03-31\" marketplaceIds:[\"ATVPDKIKX0DER\"]){sales{date averageSellingPrice{amount currencyCode}}}}"}"#,
        r#"{"queryId": "QueryId1"}"#,
    ),
    get(
        "/dataKiosk/2023-11-15/queries/QueryId1",
        "",
        r#"{"queryId": "QueryId1", "query": "query {}", "createdTime": "2023-05-01T00:00:00Z", "processingStatus": "DONE",
            "dataDocumentId": "DocumentId1"}"#,
    ),
    get(
        "/dataKiosk/2023-11-15/documents/DocumentId1",
        "",
        r#"{"documentId": "DocumentId1", "documentUrl": "https://sandbox.invalid/document.jsonl"}"#,
    ),
];

/// Answers a request at the sandbox of `region`: it wants an ordinary token, and nothing but a documented request.
pub fn serve(amazon: &Amazon, region: &str, request: &Request) -> Answer {
    let operation = spapi::operations().find(|operation| operation.matches(&request.method, &request.path).is_some());
    let Some(operation) = operation else {
        return Answer::refuse(403, "MissingAuthenticationToken", "Missing Authentication Token", "");
    };
    let answer = match signin::admit(amazon, operation, region, request) {
        Err(refusal) => refusal,
        Ok(_) => match SHAPES.iter().find(|shape| shape.fits(request)) {
            Some(shape) => Answer::bytes(shape.status, "application/json", shape.answer),
            None => Answer::invalid("Could not match input arguments"),
        },
    };
    let count = amazon.calls.end("sandbox", answer.status);
    answer.with("x-amzn-requestid", chance::uuid(amazon.seed, &["sandbox", &count.to_string()]))
}

impl Shape {
    fn fits(&self, request: &Request) -> bool {
        let fits_body = || {
            let json = |text: &[u8]| serde_json::from_slice::<Value>(text).ok();
            self.body.is_empty() || json(self.body.as_bytes()) == json(&request.body)
        };
        self.method == request.method
            && self.path == request.path
            && Query::parse(self.query).fingerprint(&[]) == request.query.fingerprint(&[])
            && fits_body()
    }
}
