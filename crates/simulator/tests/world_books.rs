//! Money adds up: in every settlement, in every transaction, and against the truth.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_simulator::answers::{event_groups_v0, financial_events_v0, transactions};
use sellerlake_simulator::reports::{listed, listed_document};
use sellerlake_simulator::truth::{Booked, truth};
use sellerlake_simulator::world::{Seller, World, marketplace};
use serde_json::Value;

use crate::world_reading::{amount, end, hundredths, long_after, rows, world};

const V2: &str = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2";
const V1: &str = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE";
const V1_AMOUNTS: [&str; 9] = [
    "shipment-fee-amount",
    "order-fee-amount",
    "price-amount",
    "item-related-fee-amount",
    "misc-fee-amount",
    "other-fee-amount",
    "promotion-amount",
    "direct-payment-amount",
    "other-amount",
];

#[test]
fn settlements_balance_in_both_layouts_and_equal_the_truth() {
    let world = world();
    for seller in world.sellers() {
        let truth = truth(&world, &seller.id, long_after());
        let totals: BTreeMap<&str, (i64, i64)> = truth
            .settlements
            .iter()
            .map(|settlement| (settlement.settlement_id.as_str(), (hundredths(&settlement.total), settlement.lines)))
            .collect();
        assert_eq!(totals.len(), seller.settlements.len());
        for (kind, columns) in [(V2, &["amount"][..]), (V1, &V1_AMOUNTS)] {
            let reports = listed(&world, &seller.id, kind, long_after());
            let listings: usize = seller.settlements.iter().map(|settlement| settlement.markets.len()).sum();
            assert_eq!(reports.len(), listings, "one for each marketplace of the area");
            for listed in reports {
                let rows = rows(&listed_document(&world, &seller.id, &listed.document_id).unwrap());
                let (total, lines) = totals[rows[0]["settlement-id"].as_str()];
                assert_eq!(hundredths(&rows[0]["total-amount"]), total);
                let amounts: Vec<i64> = rows[1..]
                    .iter()
                    .flat_map(|row| columns.iter().map(|column| row[*column].as_str()))
                    .filter(|amount| !amount.is_empty())
                    .map(hundredths)
                    .collect();
                assert_eq!(amounts.iter().sum::<i64>(), total, "{kind} {}", rows[0]["settlement-id"]);
                assert_eq!(amounts.len() as i64, lines);
            }
        }
    }
}

#[test]
fn reserves_are_handed_on_and_payouts_follow() {
    let world = world();
    for seller in world.sellers() {
        let mut kept: BTreeMap<&str, i64> = BTreeMap::new();
        for settlement in &seller.settlements {
            let before = kept.insert(settlement.currency(), settlement.current_reserve).unwrap_or(0);
            assert_eq!(settlement.previous_reserve, before);
        }
        let paid: i64 = seller.settlements.iter().map(|settlement| settlement.total.max(0)).sum();
        let transfers = seller.transactions.iter().filter(|transaction| transaction.lines[0].item.is_none());
        let transferred: i64 = transfers
            .filter(|transaction| transaction.kind == sellerlake_simulator::world::TransactionKind::Transfer)
            .map(sellerlake_simulator::world::Transaction::total)
            .sum();
        assert_eq!(paid, transferred);
    }
}

/// Names and amounts of the leaves of a tree.
fn leaves(nodes: &Value, under: &str, found: &mut Vec<(String, i64)>) {
    for node in nodes.as_array().into_iter().flatten() {
        let path = format!("{under}/{}", node["breakdownType"].as_str().unwrap());
        let told = amount(&node["breakdownAmount"]["currencyAmount"]);
        match node.get("breakdowns") {
            Some(children) => {
                let mut below = Vec::new();
                leaves(children, &path, &mut below);
                assert_eq!(below.iter().map(|(_, amount)| amount).sum::<i64>(), told, "{path}");
                found.append(&mut below);
            }
            None => found.push((path, told)),
        }
    }
}

/// Leaves of a transaction: of its items where these have any, else its own.
fn told(transaction: &Value) -> Vec<(String, i64)> {
    let total = amount(&transaction["totalAmount"]["currencyAmount"]);
    let (mut own, mut of_items) = (Vec::new(), Vec::new());
    leaves(&transaction["breakdowns"], "", &mut own);
    for item in transaction["items"].as_array().unwrap() {
        let before: i64 = of_items.iter().map(|(_, amount)| amount).sum();
        leaves(&item["breakdowns"], "", &mut of_items);
        let added: i64 = of_items.iter().map(|(_, amount)| amount).sum::<i64>() - before;
        assert!(item["breakdowns"].is_null() || added == amount(&item["totalAmount"]["currencyAmount"]));
    }
    assert_eq!(own.iter().map(|(_, amount)| amount).sum::<i64>(), total);
    if of_items.is_empty() {
        return own;
    }
    assert_eq!(of_items.iter().map(|(_, amount)| amount).sum::<i64>(), total);
    of_items
}

/// The category a leaf's name speaks of, found by the name alone.
fn category(kind: &str, path: &str) -> &'static str {
    let has = |part: &str| path.contains(part);
    match () {
        () if kind == "ProductAdsPayment" => "advertising",
        () if kind == "Transfer" => "balance_movement",
        () if kind == "FBAInventoryReimbursement" => "reimbursement",
        () if has("RefundCommission") => "refund_admin_fee",
        () if has("Commission") => "referral_fee",
        () if has("FulfillmentFee") => "fulfilment_fee",
        () if has("Chargeback") => "shipping_chargeback",
        () if has("FBAStorageFee") => "storage_fee",
        () if has("Subscription") => "subscription_fee",
        () if has("FBAInbound") => "inbound_fee",
        () if has("Coupon") => "promotion_fee",
        () if has("MarketplaceFacilitator") => "tax_withheld",
        () if has("/Tax/") => "tax_collected",
        () if has("Discount") => "promo_rebate",
        () if has("Goodwill") => "other_charge",
        () if has("ShippingPrincipal") => "shipping_income",
        () if has("GiftwrapPrincipal") => "giftwrap_income",
        () if has("OurPricePrincipal") => "product_sales",
        () => panic!("{kind}{path}"),
    }
}

/// Sums and counts of the transactions a lens keeps, by day, marketplace, category and whether refunded.
fn summed(all: &[Value], keeps: impl Fn(&Value) -> bool) -> BTreeMap<(String, String, String, bool), (i64, i64)> {
    let mut sums: BTreeMap<_, (i64, i64)> = BTreeMap::new();
    for transaction in all.iter().filter(|transaction| keeps(transaction)) {
        let kind = transaction["transactionType"].as_str().unwrap();
        let market = marketplace(transaction["marketplaceDetails"]["marketplaceId"].as_str().unwrap()).unwrap();
        let posted: DateTime<Utc> = transaction["postedDate"].as_str().unwrap().parse().unwrap();
        for (path, amount) in told(transaction) {
            let category = category(kind, &path).to_owned();
            let key = (market.day(posted).to_string(), market.id.to_owned(), category, kind == "Refund");
            let sum = sums.entry(key).or_default();
            *sum = (sum.0 + amount, sum.1 + 1);
        }
    }
    sums
}

fn booked(rows: &[Booked]) -> BTreeMap<(String, String, String, bool), (i64, i64)> {
    rows.iter()
        .map(|row| {
            let key = (row.local_day.clone(), row.marketplace_id.clone(), row.category.clone(), row.is_refund);
            (key, (hundredths(&row.amount), row.lines))
        })
        .collect()
}

/// Transactions day by day, as a client would read them.
fn day_by_day(world: &World, seller: &Seller, now: DateTime<Utc>) -> Vec<Value> {
    let mut from = end() - TimeDelta::days(50);
    let mut found = Vec::new();
    while from < now {
        found.extend(transactions(world, &seller.id, from, from + TimeDelta::days(1), None, now));
        from += TimeDelta::days(1);
    }
    found
}

#[test]
fn transactions_add_up_to_the_truth_in_both_lenses() {
    let world = world();
    for seller in world.sellers() {
        for now in [end() - TimeDelta::days(11), end(), long_after()] {
            let all = day_by_day(&world, seller, now);
            let truth = truth(&world, &seller.id, now);
            let names = |transaction: &Value, name: &str| {
                let identifiers = transaction["relatedIdentifiers"].as_array().unwrap();
                identifiers.iter().any(|identifier| identifier["relatedIdentifierName"] == name)
            };
            let moved = |transaction: &Value| transaction["transactionType"] == "Transfer";
            let accrual = summed(&all, |one| !moved(one) && !names(one, "DEFERRED_TRANSACTION_ID"));
            assert_eq!(accrual, booked(&truth.ledger));
            let cash = summed(&all, |one| !moved(one) && one["transactionStatus"] == "RELEASED");
            assert_eq!(cash, booked(&truth.cash));
            assert_eq!(summed(&all, moved), booked(&truth.balance));
            let fees =
                truth.ledger.iter().filter(|row| row.category.contains("fee") || row.category.contains("chargeb"));
            assert_eq!(fees.cloned().collect::<Vec<_>>(), truth.fees);
        }
    }
}

#[test]
fn a_release_repeats_what_was_deferred_and_both_name_each_other() {
    let world = world();
    let seller = &world.sellers()[0];
    let all = day_by_day(&world, seller, long_after());
    let related = |transaction: &Value, name: &str| {
        let identifiers = transaction["relatedIdentifiers"].as_array().unwrap().iter();
        let mut named = identifiers.filter(|identifier| identifier["relatedIdentifierName"] == name);
        named.next().map(|identifier| identifier["relatedIdentifierValue"].as_str().unwrap().to_owned())
    };
    let by_id: BTreeMap<&str, &Value> =
        all.iter().map(|transaction| (transaction["transactionId"].as_str().unwrap(), transaction)).collect();
    assert_eq!(by_id.len(), all.len());
    let mut pairs = 0;
    for release in &all {
        let Some(deferred) = related(release, "DEFERRED_TRANSACTION_ID") else { continue };
        let deferred = by_id[deferred.as_str()];
        assert_eq!(deferred["transactionStatus"], "DEFERRED_RELEASED");
        assert_eq!(related(deferred, "RELEASE_TRANSACTION_ID").as_deref(), release["transactionId"].as_str());
        assert_eq!(deferred["totalAmount"], release["totalAmount"]);
        assert!(deferred["postedDate"].as_str() < release["postedDate"].as_str());
        pairs += 1;
    }
    assert!(pairs > 50);
    let reasons = all.iter().flat_map(|transaction| transaction["contexts"].as_array().unwrap());
    let reasons: BTreeSet<&str> = reasons.filter_map(|context| context["deferralReason"].as_str()).collect();
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), ["B2B", "DD7"]);
    let early = day_by_day(&world, seller, end());
    assert!(early.iter().any(|transaction| transaction["transactionStatus"] == "DEFERRED"));
}

/// Every `CurrencyAmount` that is money, in events whose parts are told once.
fn amounts(value: &Value, found: &mut Vec<i64>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let repeated = ["AdjustmentItemList", "baseValue", "taxValue"].contains(&name.as_str());
                match name.as_str() {
                    "CurrencyAmount" => found.push(amount(value)),
                    _ if repeated => {}
                    _ => amounts(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| amounts(value, found)),
        _ => {}
    }
}

#[test]
fn groups_and_events_of_v0_tell_the_settled_money() {
    let world = world();
    for seller in world.sellers() {
        let groups = event_groups_v0(&world, &seller.id, end() - TimeDelta::days(90), long_after(), long_after());
        assert_eq!(groups.len(), seller.settlements.len());
        let stated: i64 = groups.iter().map(|group| amount(&group["OriginalTotal"]["CurrencyAmount"])).sum();
        let settled: i64 = seller
            .settlements
            .iter()
            .map(|settlement| {
                hundredths(&sellerlake_simulator::world::decimal(settlement.total, settlement.markets[0].digits))
            })
            .sum();
        assert_eq!(stated, settled);
        let events = financial_events_v0(&world, &seller.id, end() - TimeDelta::days(60), long_after(), long_after());
        let mut told = Vec::new();
        amounts(&events, &mut told);
        let truth = truth(&world, &seller.id, long_after());
        let cash: i64 = truth.cash.iter().map(|row| hundredths(&row.amount)).sum();
        assert_eq!(told.iter().sum::<i64>(), cash);
    }
}
