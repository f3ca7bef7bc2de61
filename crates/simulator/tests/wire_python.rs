//! Other people's judgement: Amazon's own models, and a client that was written for Amazon.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::TimeDelta;
use sellerlake_simulator::{Limits, ads, spapi};
use serde_json::{Value, json};

use super::beside::shared;
use super::wire_client::{Client, Got, gunzip, options, start};

/// A Python with `module`, named by `SELLERLAKE_PYTHON`. Without one the test is skipped, which is said aloud, or fails
/// if `SELLERLAKE_INSIST=1`.
fn python(module: &str) -> Option<String> {
    let found = std::env::var("SELLERLAKE_PYTHON").ok().filter(|python| {
        Command::new(python).args(["-c", &format!("import {module}")]).output().is_ok_and(|ran| ran.status.success())
    });
    skipped_unless(found, &format!("SELLERLAKE_PYTHON names no Python with {module}"))
}

fn skipped_unless<T>(found: Option<T>, why: &str) -> Option<T> {
    let insists = std::env::var_os("SELLERLAKE_INSIST").is_some_and(|insist| insist == "1");
    assert!(found.is_some() || !insists, "{why}");
    if found.is_none() {
        eprintln!("skipped: {why}");
    }
    found
}

fn run(python: &str, script: &str, arguments: &[&str]) {
    let script = Path::new("tests").join(script);
    let ran = Command::new(python).arg(script).args(arguments).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}");
    eprintln!("{said}");
}

#[tokio::test]
async fn a_client_written_for_amazon_works_here() {
    let Some(python) = python("sp_api") else { return };
    let client = Client::start(options()).await;
    let account = serde_json::to_string(&client.account).unwrap();
    run(&python, "client.py", &[client.simulator.url(), &account]);
}

#[tokio::test]
async fn answers_satisfy_amazons_models() {
    let (Some(python), Some(models)) = (python("jsonschema"), shared("amazon-models")) else { return };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("answers");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let mut recorder = Recorder { folder: folder.clone(), seen: BTreeSet::new(), count: 0 };
    for place in 0..2 {
        let mut free = options();
        free.limits = Limits::Off;
        let mut client = Client::start(free).await;
        client.account = client.simulator.accounts().remove(place);
        client.sign_in().await;
        recorder.reads(&client).await;
        recorder.reports(&client).await;
        recorder.posts(&client).await;
        recorder.grantless(&mut client).await;
    }
    let missing: Vec<&str> =
        spapi::operations().map(|one| one.name).filter(|name| !recorder.seen.contains(name)).collect();
    assert!(missing.is_empty(), "never recorded: {missing:?}");
    assert!(ads::operations().count() > 0, "the Ads API publishes no models to check against");
    run(&python, "models.py", &[models.to_str().unwrap(), folder.to_str().unwrap()]);
}

const MODELS: [(&str, &str); 16] = [
    ("application", "application_2023-11-30"),
    ("catalog", "catalogItems_2022-04-01"),
    ("data_kiosk", "dataKiosk_2023-11-15"),
    ("fees", "productFeesV0"),
    ("finances", "finances_2024-06-19"),
    ("finances_v0", "financesV0"),
    ("inventory", "fbaInventory"),
    ("listings", "listingsItems_2021-08-01"),
    ("notifications", "notifications"),
    ("orders_2026", "orders_2026-01-01"),
    ("orders_v0", "ordersV0"),
    ("pricing", "productPricingV0"),
    ("reports", "reports_2021-06-30"),
    ("sales", "sales"),
    ("sellers", "sellers"),
    ("tokens", "tokens_2021-03-01"),
];

/// Keeps answers for the judge.
struct Recorder {
    folder: PathBuf,
    seen: BTreeSet<&'static str>,
    count: usize,
}

impl Recorder {
    /// Calls, keeps what comes back beside the name of the operation, and returns it.
    async fn call(&mut self, client: &Client, method: &str, path: &str, body: Value) -> Got {
        let got = client.attempt(method, path, (!body.is_null()).then_some(body)).await.unwrap();
        let bare = path.split('?').next().unwrap();
        let operation = spapi::operations().find(|one| one.matches(method, bare).is_some());
        let operation = operation.unwrap_or_else(|| panic!("{method} {path}"));
        if got.status < 300 {
            self.seen.insert(operation.name);
        } else {
            assert!([400, 403, 404, 409].contains(&got.status), "{path}: {got:?}");
        }
        let models: BTreeMap<&str, &str> = MODELS.into_iter().collect();
        let model = models[operation.name.split('.').next().unwrap()];
        let shown = if got.body.is_empty() { Value::Null } else { got.json() };
        self.keep(
            operation.name,
            &json!({
                "model": format!("models/{model}.json"), "method": method.to_lowercase(), "path": operation.path,
                "status": got.status, "rate": operation.rate, "burst": operation.burst, "body": shown,
            }),
        );
        got
    }

    fn keep(&mut self, name: &str, answer: &Value) {
        self.count += 1;
        std::fs::write(self.folder.join(format!("{:03}-{name}.json", self.count)), answer.to_string()).unwrap();
    }

    async fn get(&mut self, client: &Client, path: &str) -> Value {
        self.call(client, "GET", path, Value::Null).await.json()
    }

    async fn reads(&mut self, client: &Client) {
        let market = client.marketplace().to_owned();
        let seller = client.account.seller_id.clone();
        let everything = "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX,PAYMENT,FULFILLMENT_ORDERS";
        let orders = "/orders/2026-01-01/orders";
        self.get(client, &format!("{orders}?createdAfter=2026-10-01")).await;
        self.get(client, &format!("{orders}?lastUpdatedAfter=2026-10-01&maxResultsPerPage=3")).await;
        self.get(client, orders).await;
        let page = self.get(client, &format!("{orders}?createdAfter=2026-10-01&includedData={everything}")).await;
        for order in page["orders"].as_array().unwrap().iter().take(12) {
            let id = order["orderId"].as_str().unwrap();
            self.get(client, &format!("{orders}/{id}?includedData={everything}")).await;
            self.get(client, &format!("/orders/v0/orders/{id}")).await;
            self.get(client, &format!("/orders/v0/orders/{id}/orderItems")).await;
            self.get(client, &format!("/finances/v0/orders/{id}/financialEvents")).await;
        }
        self.get(client, &format!("/orders/v0/orders?MarketplaceIds={market}&CreatedAfter=2026-10-01")).await;
        self.get(client, "/finances/2024-06-19/transactions?postedAfter=2026-10-01").await;
        self.get(client, "/finances/v0/financialEvents?PostedAfter=2026-10-01").await;
        self.get(client, "/finances/v0/financialEventGroups?FinancialEventGroupStartedAfter=2026-09-01").await;
        let inventory = "/fba/inventory/v1/summaries?granularityType=Marketplace";
        for details in [true, false] {
            self.get(client, &format!("{inventory}&granularityId={market}&marketplaceIds={market}&details={details}"))
                .await;
        }
        let listings = format!("/listings/2021-08-01/items/{seller}");
        let included = "summaries,attributes,issues,offers,fulfillmentAvailability,productTypes";
        let found = self.get(client, &format!("{listings}?marketplaceIds={market}&includedData={included}")).await;
        let sku = found["items"][0]["sku"].as_str().unwrap().replace('/', "%2F").replace(' ', "%20");
        self.get(client, &format!("{listings}/{sku}?marketplaceIds={market}")).await;
        let asin = found["items"][0]["summaries"][0]["asin"].as_str().unwrap().to_owned();
        self.priced(client, &market, &asin, &sku).await;
        let items = "/catalog/2022-04-01/items";
        let parts =
            "summaries,attributes,classifications,dimensions,identifiers,images,productTypes,relationships,salesRanks";
        let by_asin =
            format!("{items}?identifiers={asin}&identifiersType=ASIN&marketplaceIds={market}&includedData={parts}");
        self.get(client, &by_asin).await;
        self.get(client, &format!("{items}/{asin}?marketplaceIds={market}")).await;
        self.get(client, &format!("{items}/B000000000?marketplaceIds={market}")).await;
        self.get(client, "/sellers/v1/marketplaceParticipations").await;
        self.get(client, "/sellers/v1/account").await;
        let interval = "interval=2026-10-10T00:00:00Z--2026-10-20T00:00:00Z&granularity=Total";
        self.get(client, &format!("/sales/v1/orderMetrics?marketplaceIds={market}&{interval}")).await;
    }

    async fn priced(&mut self, client: &Client, market: &str, asin: &str, sku: &str) {
        for path in ["price", "competitivePrice"] {
            let path = format!("/products/pricing/v0/{path}?MarketplaceId={market}");
            self.get(client, &format!("{path}&ItemType=Asin&Asins={asin},B000000000")).await;
            self.get(client, &format!("{path}&ItemType=Sku&Skus={}", sku.replace('%', "%25"))).await;
        }
        let wanted = json!({
            "MarketplaceId": market, "IsAmazonFulfilled": true, "Identifier": "one",
            "PriceToEstimateFees": { "ListingPrice": { "CurrencyCode": "USD", "Amount": 20.5 } },
        });
        let one = json!({ "FeesEstimateRequest": wanted });
        self.call(client, "POST", &format!("/products/fees/v0/listings/{sku}/feesEstimate"), one.clone()).await;
        self.call(client, "POST", &format!("/products/fees/v0/items/{asin}/feesEstimate"), one).await;
        let item = |id: &str| json!({ "FeesEstimateRequest": wanted, "IdType": "ASIN", "IdValue": id });
        self.call(client, "POST", "/products/fees/v0/feesEstimate", json!([item(asin), item("B000000000")])).await;
    }

    async fn reports(&mut self, client: &Client) {
        let reports = "/reports/2021-06-30/reports";
        let created = self.call(client, "POST", reports, client.orders_request()).await.json();
        let id = created["reportId"].as_str().unwrap().to_owned();
        for _ in 0..8 {
            self.get(client, &format!("{reports}/{id}")).await;
            client.pass(TimeDelta::minutes(2));
        }
        let done = self.get(client, &format!("{reports}/{id}")).await;
        let document = done["reportDocumentId"].as_str().unwrap();
        self.get(client, &format!("/reports/2021-06-30/documents/{document}")).await;
        self.get(client, &format!("{reports}?reportTypes={}", super::wire_client::ALL_ORDERS)).await;
        self.get(client, &format!("{reports}?reportTypes=GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2&pageSize=1")).await;
        self.get(client, &format!("{reports}/1")).await;
        let mut later = client.orders_request();
        later["dataEndTime"] = json!(start() - TimeDelta::days(1));
        let created = self.call(client, "POST", reports, later).await.json();
        self.call(client, "DELETE", &format!("{reports}/{}", created["reportId"].as_str().unwrap()), Value::Null).await;
        let schedules = "/reports/2021-06-30/schedules";
        let mut daily = client.orders_request();
        daily["period"] = json!("P1D");
        let made = self.call(client, "POST", schedules, daily).await.json();
        let one = format!("{schedules}/{}", made["reportScheduleId"].as_str().unwrap());
        self.get(client, &one).await;
        self.get(client, &format!("{schedules}?reportTypes={}", super::wire_client::ALL_ORDERS)).await;
        self.call(client, "DELETE", &one, Value::Null).await;
        self.sales_and_traffic(client).await;
    }

    async fn sales_and_traffic(&mut self, client: &Client) {
        let id = client
            .create(json!({
                "reportType": "GET_SALES_AND_TRAFFIC_REPORT", "marketplaceIds": [client.marketplace()],
                "dataStartTime": "2026-10-12T00:00:00Z", "dataEndTime": "2026-10-20T00:00:00Z",
                "reportOptions": { "dateGranularity": "DAY", "asinGranularity": "SKU" },
            }))
            .await;
        client.pass(TimeDelta::minutes(15));
        let got = client.fetch(&client.document_url(&client.report(&id).await).await).await;
        let body: Value = serde_json::from_slice(&gunzip(&got.body).unwrap()).unwrap();
        self.keep("sales_and_traffic", &json!({ "schema": "reports/sellerSalesAndTrafficReport.json", "body": body }));
    }

    async fn posts(&mut self, client: &Client) {
        let document = json!({ "method": "GET", "path": "/reports/2021-06-30/documents/x" });
        let tokens = "/tokens/2021-03-01/restrictedDataToken";
        self.call(client, "POST", tokens, json!({ "restrictedResources": [document] })).await;
        self.call(client, "POST", tokens, json!({ "restrictedResources": [] })).await;
        let (queries, market) = ("/dataKiosk/2023-11-15/queries", client.marketplace());
        let query = format!(
            "{{ analytics_economics_2024_03_15 {{ economics(startDate: \"2026-10-12\", endDate: \"2026-10-20\", \
             marketplaceIds: [\"{market}\"], aggregateBy: {{ date: DAY, productId: MSKU }}) \
             {{ startDate endDate msku sales {{ unitsOrdered }} }} }} }}"
        );
        let made = self.call(client, "POST", queries, json!({ "query": query })).await.json();
        let one = format!("{queries}/{}", made["queryId"].as_str().unwrap());
        self.get(client, &one).await;
        client.pass(TimeDelta::minutes(6));
        let done = self.get(client, &one).await;
        let document = done["dataDocumentId"].as_str().expect("economics of a seller who sells");
        self.get(client, &format!("/dataKiosk/2023-11-15/documents/{document}")).await;
        self.get(client, queries).await;
        let made = self.call(client, "POST", queries, json!({ "query": query })).await.json();
        self.call(client, "DELETE", &format!("{queries}/{}", made["queryId"].as_str().unwrap()), Value::Null).await;
    }

    async fn grantless(&mut self, client: &mut Client) {
        client.sign_in().await;
        let seller = client.token.clone();
        let application = client.grantless("sellingpartnerapi::notifications").await;
        let all = "/notifications/v1/destinations";
        client.token.clone_from(&application);
        let queue = json!({ "name": "q", "resourceSpecification": { "sqs": { "arn": "arn:aws:sqs:us-east-2:123456789012:q" } } });
        let made = self.call(client, "POST", all, queue.clone()).await.json();
        self.call(client, "POST", all, queue).await;
        let bridge = json!({ "name": "b", "resourceSpecification": { "eventBridge": { "region": "us-east-1", "accountId": "1" } } });
        self.call(client, "POST", all, bridge).await;
        let id = made["payload"]["destinationId"].as_str().unwrap().to_owned();
        self.get(client, all).await;
        self.get(client, &format!("{all}/{id}")).await;
        let of = |kind: &str| format!("/notifications/v1/subscriptions/{kind}");
        let wanted = json!({ "payloadVersion": "1.0", "destinationId": id });
        client.token.clone_from(&seller);
        for kind in ["ORDER_CHANGE", "TRANSACTION_UPDATE", "REPORT_PROCESSING_FINISHED"] {
            self.call(client, "POST", &of(kind), wanted.clone()).await;
        }
        let one = self.get(client, &of("ORDER_CHANGE")).await["payload"]["subscriptionId"].as_str().unwrap().to_owned();
        self.get(client, "/notifications/v1/subscriptions?notificationTypes=ORDER_CHANGE").await;
        self.messages(client).await;
        client.token = client.grantless("sellingpartnerapi::notifications").await;
        self.call(client, "POST", &format!("{}/testNotification", of("ORDER_CHANGE")), json!({ "destinationId": id }))
            .await;
        self.get(client, &format!("{}/{one}", of("ORDER_CHANGE"))).await;
        self.call(client, "DELETE", &format!("{}/{one}", of("ORDER_CHANGE")), Value::Null).await;
        self.call(client, "DELETE", &format!("{all}/{id}"), Value::Null).await;
        client.token = client.grantless("sellingpartnerapi::client_credential:rotation").await;
        self.call(client, "POST", "/applications/2023-11-30/clientSecret", json!({})).await;
    }

    /// What subscribers are told within a week.
    async fn messages(&mut self, client: &Client) {
        client.create(client.orders_request()).await;
        client.pass(TimeDelta::days(7));
        let messages = client.control("GET", "/simulator/notifications", Value::Null).await.json();
        let schemas: BTreeMap<&str, &str> = BTreeMap::from([
            ("ORDER_CHANGE", "OrderChangeNotification"),
            ("TRANSACTION_UPDATE", "TransactionUpdateNotification"),
            ("REPORT_PROCESSING_FINISHED", "ReportProcessingFinishedNotification"),
        ]);
        let mut kinds = BTreeSet::new();
        for message in messages.as_array().unwrap() {
            let body = &message["body"];
            let kind = body.get("NotificationType").or(body.get("notificationType")).and_then(Value::as_str).unwrap();
            let Some(schema) = schemas.get(kind) else { continue };
            kinds.insert(kind.to_owned());
            self.keep(kind, &json!({ "schema": format!("notifications/{schema}.json"), "body": body }));
        }
        assert_eq!(kinds.len(), schemas.len(), "{kinds:?}");
    }
}
