//! Finances 2024-06-19: every transaction in two trees that tell the same money, deferred ones twice.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::stamp;
use crate::world::{
    Charge, Line, Marketplace, Seller, Tax, Thread, Transaction, TransactionKind, What, World, json_amount,
    transaction_published_at,
};

/// Transactions posted in `[posted_after, posted_before)` that are published by `now`, oldest first.
///
/// A deferred transaction is told when it is posted; once it is released its status changes and a second one appears,
/// posted at the release.
pub fn transactions(
    world: &World,
    seller: &str,
    posted_after: DateTime<Utc>,
    posted_before: DateTime<Utc>,
    marketplace: Option<&str>,
    now: DateTime<Utc>,
) -> Vec<Value> {
    let Some(seller) = world.seller(seller) else { return Vec::new() };
    let mut found = Vec::new();
    for (_, event) in seller.between(Thread::Money, posted_after, posted_before) {
        let (place, is_release) = match event.what {
            What::Posted { transaction } => (transaction, false),
            What::Released { transaction } => (transaction, true),
            _ => continue,
        };
        let transaction = &seller.transactions[place];
        let elsewhere = marketplace.is_some_and(|wanted| wanted != transaction.market.id);
        if !elsewhere && transaction_published_at(transaction, event.at) <= now {
            found.push(shown(seller, place, is_release, now));
        }
    }
    found
}

fn shown(seller: &Seller, place: usize, is_release: bool, now: DateTime<Utc>) -> Value {
    let transaction = &seller.transactions[place];
    let market = transaction.market;
    let released = transaction.released_at.is_some_and(|at| transaction_published_at(transaction, at) <= now);
    let status = match transaction.released_at {
        Some(_) if !is_release && released => "DEFERRED_RELEASED",
        Some(_) if !is_release => "DEFERRED",
        _ => "RELEASED",
    };
    let (kind, description) = names(transaction);
    let (id, posted_at) = match transaction.released_at {
        Some(at) if is_release => (transaction.release_id(), at),
        _ => (transaction.id(), transaction.posted_at),
    };
    let mut contexts = Vec::new();
    let business = transaction.order.is_some_and(|order| seller.orders[order].business);
    if let Some(at) = transaction.released_at.filter(|_| !is_release) {
        contexts.push(json!({
            "contextType": "DeferredContext",
            "deferralReason": if business { "B2B" } else { "DD7" },
            "maturityDate": stamp(at),
        }));
    }
    let of_product = transaction.lines.first().filter(|line| line.item.is_none()).and_then(|line| line.product);
    let reimbursed = transaction.kind == TransactionKind::Reimbursement;
    if let Some(product) = of_product.filter(|_| !reimbursed) {
        contexts.push(product_context(seller, product, None, true));
    }
    json!({
        "sellingPartnerMetadata": {
            "sellingPartnerId": seller.id,
            "accountType": "Standard Orders",
            "marketplaceId": market.id,
        },
        "relatedIdentifiers": identifiers(seller, place, status, is_release),
        "transactionType": kind,
        "transactionId": id,
        "transactionStatus": status,
        "description": description,
        "postedDate": stamp(posted_at),
        "totalAmount": money(market, transaction.total()),
        "marketplaceDetails": { "marketplaceId": market.id, "marketplaceName": market.name },
        "items": items(seller, transaction),
        "contexts": contexts,
        "breakdowns": rolled_up(transaction),
    })
}

fn identifiers(seller: &Seller, place: usize, status: &str, is_release: bool) -> Vec<Value> {
    let transaction = &seller.transactions[place];
    let mut found = Vec::new();
    let mut add = |name: &str, value: String| {
        found.push(json!({ "relatedIdentifierName": name, "relatedIdentifierValue": value }));
    };
    if let Some(order) = transaction.order {
        add("ORDER_ID", seller.orders[order].id.clone());
    }
    if let Some(parcel) = transaction.parcel {
        add("SHIPMENT_ID", format!("D{parcel:09}"));
    }
    match transaction.kind {
        TransactionKind::Refund => add("REFUND_ID", format!("A{}", transaction.number)),
        TransactionKind::ProductAds => add("INVOICE_ID", format!("TR{:010}", transaction.number % 10_000_000_000)),
        TransactionKind::Transfer => add("DISBURSEMENT_ID", format!("P{}", transaction.number)),
        _ => {}
    }
    // Held-back money belongs to no disbursement yet.
    if let Some(settlement) = seller.timeline.settlement_of(place).filter(|_| status == "RELEASED") {
        add("FINANCIAL_EVENT_GROUP_ID", seller.settlements[settlement].group_id.clone());
    }
    if is_release {
        add("DEFERRED_TRANSACTION_ID", transaction.id());
    } else if status == "DEFERRED_RELEASED" {
        add("RELEASE_TRANSACTION_ID", transaction.release_id());
    }
    found
}

/// Type and description.
fn names(transaction: &Transaction) -> (&'static str, &'static str) {
    let charge = transaction.lines.first().map(|line| line.charge);
    match (transaction.kind, charge) {
        (TransactionKind::Shipment, _) => ("Shipment", "Order Payment"),
        (TransactionKind::Refund, _) => ("Refund", "Refund Order"),
        (TransactionKind::ServiceFee, Some(Charge::Storage)) => ("ServiceFee", "FBAStorageBilling"),
        (TransactionKind::ServiceFee, Some(Charge::Inbound)) => ("ServiceFee", "FBAPostInboundTransportation"),
        (TransactionKind::ServiceFee, Some(Charge::Coupon)) => ("ServiceFee", "CouponParticipationFee"),
        (TransactionKind::ServiceFee, _) => ("ServiceFee", "Subscription"),
        (TransactionKind::ProductAds, _) => ("ProductAdsPayment", "ProductAdsPayment"),
        (TransactionKind::Reimbursement, _) => ("FBAInventoryReimbursement", "FBAInventoryReimbursement"),
        (TransactionKind::Transfer, _) => ("Transfer", "Disbursement"),
    }
}

fn money(market: &Marketplace, minor: i64) -> Value {
    json!({ "currencyCode": market.currency, "currencyAmount": json_amount(minor, market.digits) })
}

fn product_context(seller: &Seller, product: usize, units: Option<i64>, by_amazon: bool) -> Value {
    let product = &seller.products[product];
    let mut context = json!({ "contextType": "ProductContext", "asin": product.asin, "sku": product.sku });
    if let Some(units) = units {
        context["quantityShipped"] = json!(units);
        context["fulfillmentNetwork"] = json!(if by_amazon { "AFN" } else { "MFN" });
    }
    context
}

fn items(seller: &Seller, transaction: &Transaction) -> Vec<Value> {
    let market = transaction.market;
    if transaction.kind == TransactionKind::Reimbursement {
        let line = &transaction.lines[0];
        let context = line.product.map(|product| product_context(seller, product, Some(line.units), true));
        return vec![json!({ "totalAmount": money(market, line.amount()), "contexts": [context] })];
    }
    let mut found = Vec::new();
    for lines in transaction.lines.chunk_by(|one, other| one.item == other.item) {
        let (Some(item), Some(order)) = (lines[0].item, transaction.order) else { continue };
        let order = &seller.orders[order];
        let product = order.items[item].product;
        let total = lines.iter().map(Line::amount).sum();
        // A refund repeats the units that were ordered, however many came back.
        let refund = transaction.kind == TransactionKind::Refund;
        let units = if refund { order.items[item].units } else { lines[0].units };
        let related = if refund {
            let id = format!("{}", transaction.number + item as u64);
            json!([{ "itemRelatedIdentifierName": "ORDER_ADJUSTMENT_ITEM_ID", "itemRelatedIdentifierValue": id }])
        } else {
            json!([])
        };
        found.push(json!({
            "description": seller.products[product].title.in_language(order.market.language),
            "relatedIdentifiers": related,
            "totalAmount": money(market, total),
            "contexts": [product_context(seller, product, Some(units), order.by_amazon)],
            "breakdowns": detailed(market, lines),
        }));
    }
    found
}

/// Parent and name of a charge in the detailed tree, and whether it is a fee, told as `Base` and `Tax`.
fn leaf(market: &Marketplace, charge: Charge) -> (&'static str, &'static str, bool) {
    let deemed = matches!(market.tax, Tax::Withheld(_));
    match charge {
        Charge::Principal => ("ProductCharges", "OurPricePrincipal", false),
        Charge::Tax => ("Tax", "OurPriceTax", false),
        Charge::ShippingTax => ("Tax", "ShippingTax", false),
        Charge::GiftWrapTax => ("Tax", "GiftwrapTax", false),
        Charge::Shipping => ("Shipping", "ShippingPrincipal", false),
        Charge::GiftWrap => ("Giftwrap", "GiftwrapPrincipal", false),
        Charge::Promotion => ("Promo", "OurPriceDiscount", false),
        Charge::ShippingPromotion => ("Promo", "ShippingDiscount", false),
        Charge::WithheldPrincipal if deemed => {
            ("MarketplaceFacilitatorVAT", "MarketplaceFacilitatorVAT-Principal", false)
        }
        Charge::WithheldPrincipal => ("MarketplaceFacilitatorTax", "MarketplaceFacilitatorTax-Principal", false),
        Charge::WithheldShipping => ("MarketplaceFacilitatorTax", "MarketplaceFacilitatorTax-Shipping", false),
        Charge::WithheldOther => ("MarketplaceFacilitatorTax", "MarketplaceFacilitatorTax-Other", false),
        Charge::Goodwill => ("Goodwill", "GoodwillPrincipal", false),
        Charge::Commission => ("AmazonFees", "Commission", true),
        Charge::Fulfilment => ("AmazonFees", "FBAPerUnitFulfillmentFee", true),
        Charge::ShippingChargeback => ("AmazonFees", "ShippingChargeback", true),
        Charge::GiftWrapChargeback => ("AmazonFees", "GiftwrapChargeback", true),
        Charge::RefundCommission => ("AmazonFees", "RefundCommission", true),
        Charge::Storage => ("AmazonFees", "FBAStorageFee", true),
        Charge::Subscription => ("AmazonFees", "Subscription", true),
        Charge::Inbound => ("AmazonFees", "FBAInboundTransportationFee", true),
        Charge::Coupon => ("AmazonFees", "CouponParticipationFee", true),
        Charge::Advertising => ("Expenses", "AdvertisingFee", false),
        Charge::Reimbursement => ("FBAInventoryReimbursement", "FBAInventoryReimbursement", false),
        Charge::ReversedReimbursement => ("FBAInventoryReimbursement", "FBAReversedReimbursement", false),
        Charge::FundTransfer => ("Transfer", "FundTransfer", false),
    }
}

fn node(market: &Marketplace, name: &str, amount: i64, children: Vec<Value>) -> Value {
    let mut found = json!({ "breakdownType": name, "breakdownAmount": money(market, amount) });
    if !children.is_empty() {
        found["breakdowns"] = Value::Array(children);
    }
    found
}

/// The lines under their parents, in the order parents first come up.
fn detailed(market: &Marketplace, lines: &[Line]) -> Vec<Value> {
    let mut parents: Vec<(&str, i64, Vec<Value>)> = Vec::new();
    for line in lines {
        let (parent, name, is_fee) = leaf(market, line.charge);
        let mut parts = Vec::new();
        if is_fee {
            parts.push(node(market, "Base", line.base, Vec::new()));
            if line.tax != 0 {
                parts.push(node(market, "Tax", line.tax, Vec::new()));
            }
        }
        let told = node(market, name, line.amount(), parts);
        match parents.iter_mut().find(|(known, ..)| *known == parent) {
            Some((_, amount, children)) => {
                *amount += line.amount();
                children.push(told);
            }
            None => parents.push((parent, line.amount(), vec![told])),
        }
    }
    parents.into_iter().map(|(name, amount, children)| node(market, name, amount, children)).collect()
}

/// The transaction's own tree: of orders only the sums by parent, of the rest all there is.
fn rolled_up(transaction: &Transaction) -> Vec<Value> {
    let market = transaction.market;
    let (income, costs) = match transaction.kind {
        TransactionKind::Shipment => ("Sales", "Expenses"),
        TransactionKind::Refund => ("Refunded Sales", "Refunded Expenses"),
        TransactionKind::ServiceFee => {
            return vec![node(market, "Expenses", transaction.total(), detailed(market, &transaction.lines))];
        }
        _ => {
            let leaves = transaction.lines.iter();
            let told = leaves.map(|line| node(market, leaf(market, line.charge).1, line.amount(), Vec::new()));
            return told.collect();
        }
    };
    let mut sides: [(i64, Vec<(&str, i64)>); 2] = Default::default();
    for line in &transaction.lines {
        let (parent, _, is_fee) = leaf(market, line.charge);
        let side = &mut sides[usize::from(is_fee)];
        side.0 += line.amount();
        match side.1.iter_mut().find(|(known, _)| *known == parent) {
            Some((_, amount)) => *amount += line.amount(),
            None => side.1.push((parent, line.amount())),
        }
    }
    [income, costs]
        .into_iter()
        .zip(sides)
        .map(|(name, (amount, parents))| {
            let children = parents.iter().map(|(parent, amount)| node(market, parent, *amount, Vec::new())).collect();
            node(market, name, amount, children)
        })
        .collect()
}
