//! Finances v0: events without ids in many lists, only of money that was let go; and the groups that pay them out.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::stamp;
use crate::world::{
    Charge, Line, Marketplace, Seller, Settlement, Tax, Thread, Transaction, TransactionKind, What, World, decimal,
    transaction_published_at,
};

/// The lists of events posted in `[after, before)` that are published by `now`, by the lists' names.
pub fn financial_events_v0(
    world: &World,
    seller: &str,
    after: DateTime<Utc>,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Value {
    let mut lists = Map::new();
    let Some(seller) = world.seller(seller) else { return Value::Object(lists) };
    for (_, event) in seller.between(Thread::Money, after, before) {
        let place = match event.what {
            What::Posted { transaction } if seller.transactions[transaction].released_at.is_none() => transaction,
            What::Released { transaction } => transaction,
            _ => continue,
        };
        let transaction = &seller.transactions[place];
        if transaction_published_at(transaction, event.at) > now {
            continue;
        }
        let Some((list, told)) = told(seller, transaction) else { continue };
        if let Some(events) = lists.entry(list).or_insert_with(|| json!([])).as_array_mut() {
            events.push(told);
        }
    }
    Value::Object(lists)
}

/// Financial event groups that began in `[after, before)`, by their start. The newest of a currency is open.
pub fn event_groups_v0(
    world: &World,
    seller: &str,
    after: DateTime<Utc>,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Vec<Value> {
    let Some(seller) = world.seller(seller) else { return Vec::new() };
    let mut settlements: Vec<&Settlement> = seller
        .settlements
        .iter()
        .filter(|settlement| settlement.start >= after && settlement.start < before && settlement.start <= now)
        .collect();
    settlements.sort_by_key(|settlement| (settlement.start, settlement.id));
    settlements.into_iter().map(|settlement| group(settlement, now)).collect()
}

/// Some amounts show that Amazon adds them up in floating point; yen have a decimal they don't need.
fn money(market: &Marketplace, minor: i64) -> Value {
    let plain = decimal(minor, market.digits);
    let told = match market.digits {
        0 => format!("{plain}.0"),
        _ if minor % 47 == 23 => format!("{plain}0000000000002"),
        _ => plain,
    };
    json!({ "CurrencyCode": market.currency, "CurrencyAmount": told.parse().map_or(Value::Null, Value::Number) })
}

fn group(settlement: &Settlement, now: DateTime<Utc>) -> Value {
    let market = settlement.markets[0];
    let closed = settlement.end <= now;
    let mut found = json!({
        "FinancialEventGroupId": settlement.group_id,
        "ProcessingStatus": if closed { "Closed" } else { "Open" },
        "BeginningBalance": money(market, settlement.previous_reserve),
        "FinancialEventGroupStart": stamp(settlement.start),
    });
    if closed {
        found["OriginalTotal"] = money(market, settlement.total);
        found["ConvertedTotal"] = money(market, settlement.total);
        found["FundTransferStatus"] = json!(if settlement.deposit_at() <= now { "Succeeded" } else { "Processing" });
        found["FundTransferDate"] = json!(stamp(settlement.end + chrono::TimeDelta::hours(2)));
        found["FinancialEventGroupEnd"] = json!(stamp(settlement.end));
        found["AccountTail"] = json!("012");
        found["TraceId"] = json!(format!("T{}", settlement.id));
    }
    found
}

/// The list an event belongs to, and the event.
fn told(seller: &Seller, transaction: &Transaction) -> Option<(&'static str, Value)> {
    let market = transaction.market;
    let posted = stamp(transaction.settles_at());
    let line = transaction.lines.first()?;
    let product = line.product.map(|product| &seller.products[product]);
    Some(match transaction.kind {
        TransactionKind::Shipment => ("ShipmentEventList", order_event(seller, transaction)?),
        TransactionKind::Refund => ("RefundEventList", order_event(seller, transaction)?),
        TransactionKind::ServiceFee => {
            // No date: it is only known from the window that was asked for.
            let mut fee = json!({
                "FeeReason": "Service fee",
                "FeeList": [{ "FeeType": name(market, line.charge), "FeeAmount": money(market, line.amount()) }],
            });
            if let Some(product) = product {
                fee["SellerSKU"] = json!(product.sku);
                fee["FnSKU"] = json!(product.fnsku);
                fee["ASIN"] = json!(product.asin);
            }
            ("ServiceFeeEventList", fee)
        }
        TransactionKind::ProductAds => (
            "ProductAdsPaymentEventList",
            json!({
                "postedDate": posted,
                "transactionType": "charge",
                "invoiceId": format!("TR{:010}", transaction.number % 10_000_000_000),
                "baseValue": money(market, line.base),
                "taxValue": money(market, line.tax),
                "transactionValue": money(market, line.amount()),
            }),
        ),
        TransactionKind::Reimbursement => {
            let units = line.units.max(1);
            let kind = if line.base < 0 { "COMPENSATED_CLAWBACK" } else { "WAREHOUSE_LOST" };
            (
                "AdjustmentEventList",
                json!({
                    "AdjustmentType": kind,
                    "PostedDate": posted,
                    "AdjustmentAmount": money(market, line.amount()),
                    "AdjustmentItemList": [{
                        "Quantity": units.to_string(),
                        "PerUnitAmount": money(market, line.amount() / units),
                        "TotalAmount": money(market, line.amount()),
                        "SellerSKU": product.map(|product| &product.sku),
                        "FnSKU": product.map(|product| &product.fnsku),
                        "ASIN": product.map(|product| &product.asin),
                        "ProductDescription": product.map(|product| &product.title.english),
                    }],
                }),
            )
        }
        TransactionKind::Transfer => return None,
    })
}

fn order_event(seller: &Seller, transaction: &Transaction) -> Option<Value> {
    let order = &seller.orders[transaction.order?];
    let refund = transaction.kind == TransactionKind::Refund;
    let items: Vec<Value> = transaction
        .lines
        .chunk_by(|one, other| one.item == other.item)
        .filter_map(|lines| {
            let item = &order.items[lines[0].item?];
            Some(order_item(seller, transaction, item.product, item.id, item.promotion, lines))
        })
        .collect();
    let list = if refund { "ShipmentItemAdjustmentList" } else { "ShipmentItemList" };
    Some(json!({
        "AmazonOrderId": order.id,
        "SellerOrderId": order.id,
        "MarketplaceName": transaction.market.name,
        "PostedDate": stamp(transaction.settles_at()),
        list: items,
    }))
}

fn order_item(
    seller: &Seller,
    transaction: &Transaction,
    product: usize,
    id: u64,
    promotion: Option<&str>,
    lines: &[Line],
) -> Value {
    let market = transaction.market;
    let (mut charges, mut fees, mut withheld, mut promotions) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        let (name, amount) = (name(market, line.charge), money(market, line.amount()));
        match line.charge {
            Charge::Promotion | Charge::ShippingPromotion => promotions.push(json!({
                "PromotionType": "PromotionMetaDataDefinitionValue",
                "PromotionId": promotion,
                "PromotionAmount": amount,
            })),
            Charge::WithheldPrincipal | Charge::WithheldShipping | Charge::WithheldOther => {
                withheld.push(json!({ "ChargeType": name, "ChargeAmount": amount }));
            }
            charge if charge < Charge::Commission => {
                charges.push(json!({ "ChargeType": name, "ChargeAmount": amount }));
            }
            _ => fees.push(json!({ "FeeType": name, "FeeAmount": amount })),
        }
    }
    let refund = transaction.kind == TransactionKind::Refund;
    let mut found = Map::new();
    found.insert("SellerSKU".into(), json!(seller.products[product].sku));
    found.insert("OrderItemId".into(), json!(id.to_string()));
    if refund {
        found.insert("OrderAdjustmentItemId".into(), json!(transaction.number.to_string()));
    }
    found.insert("QuantityShipped".into(), json!(lines[0].units));
    let suffix = if refund { "Adjustment" } else { "" };
    for (list, values) in [("ItemCharge", charges), ("ItemFee", fees), ("Promotion", promotions)] {
        if !values.is_empty() {
            found.insert(format!("{list}{suffix}List"), Value::Array(values));
        }
    }
    if !withheld.is_empty() {
        let taxes = json!([{ "TaxCollectionModel": "MarketplaceFacilitator", "TaxesWithheld": withheld }]);
        found.insert("ItemTaxWithheldList".into(), taxes);
    }
    Value::Object(found)
}

/// The charge or fee type.
fn name(market: &Marketplace, charge: Charge) -> &'static str {
    match charge {
        Charge::Principal => "Principal",
        Charge::Tax => "Tax",
        Charge::Shipping => "ShippingCharge",
        Charge::ShippingTax => "ShippingTax",
        Charge::GiftWrap => "Giftwrap",
        Charge::GiftWrapTax => "GiftwrapTax",
        Charge::Goodwill => "Goodwill",
        Charge::WithheldPrincipal if matches!(market.tax, Tax::Withheld(_)) => "MarketplaceFacilitatorVAT-Principal",
        Charge::WithheldPrincipal => "MarketplaceFacilitatorTax-Principal",
        Charge::WithheldShipping => "MarketplaceFacilitatorTax-Shipping",
        Charge::WithheldOther => "MarketplaceFacilitatorTax-Other",
        Charge::Commission => "Commission",
        Charge::Fulfilment => "FBAPerUnitFulfillmentFee",
        Charge::ShippingChargeback => "ShippingChargeback",
        Charge::GiftWrapChargeback => "GiftwrapChargeback",
        Charge::RefundCommission => "RefundCommission",
        Charge::Storage => "FBAStorageFee",
        Charge::Subscription => "Subscription",
        Charge::Inbound => "FBAInboundTransportationFee",
        Charge::Coupon => "CouponParticipationFee",
        Charge::Promotion
        | Charge::ShippingPromotion
        | Charge::Advertising
        | Charge::Reimbursement
        | Charge::ReversedReimbursement
        | Charge::FundTransfer => "",
    }
}
