//! A settlement in the older layout: nine columns for amounts, ISO dates, decimal points everywhere.

use chrono::SecondsFormat;

use super::Document;
use super::settlement_v2::{names, transaction_type};
use super::sheet::Sheet;
use crate::world::{Line, Seller, Settlement, Transaction, TransactionKind, decimal};

const HEADER: [&str; 36] = [
    "settlement-id",
    "settlement-start-date",
    "settlement-end-date",
    "deposit-date",
    "total-amount",
    "currency",
    "transaction-type",
    "order-id",
    "merchant-order-id",
    "adjustment-id",
    "shipment-id",
    "marketplace-name",
    "shipment-fee-type",
    "shipment-fee-amount",
    "order-fee-type",
    "order-fee-amount",
    "fulfillment-id",
    "posted-date",
    "order-item-code",
    "merchant-order-item-id",
    "merchant-adjustment-item-id",
    "sku",
    "quantity-purchased",
    "price-type",
    "price-amount",
    "item-related-fee-type",
    "item-related-fee-amount",
    "misc-fee-amount",
    "other-fee-amount",
    "other-fee-reason-description",
    "promotion-id",
    "promotion-type",
    "promotion-amount",
    "direct-payment-type",
    "direct-payment-amount",
    "other-amount",
];

pub(super) fn print(seller: &Seller, settlement: &Settlement) -> Document {
    let mut sheet = Sheet::new(&HEADER);
    let digits = settlement.markets[0].digits;
    let id = settlement.id.to_string();
    let stamp = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, false);
    sheet.set("settlement-id", &id);
    sheet.set("settlement-start-date", stamp(settlement.start));
    sheet.set("settlement-end-date", stamp(settlement.end));
    sheet.set("deposit-date", stamp(settlement.deposit_at()));
    sheet.set("total-amount", decimal(settlement.total, digits));
    sheet.set("currency", settlement.currency());
    sheet.end();
    let reserves = [
        ("Previous Reserve Amount Balance", settlement.previous_reserve, settlement.start),
        ("Current Reserve Amount", -settlement.current_reserve, settlement.end - chrono::TimeDelta::seconds(1)),
    ];
    for (name, amount, at) in reserves.into_iter().filter(|(_, amount, _)| *amount != 0) {
        sheet.set("settlement-id", &id);
        sheet.set("transaction-type", name);
        sheet.set("posted-date", stamp(at));
        sheet.set("other-amount", decimal(amount, digits));
        sheet.end();
    }
    for place in &settlement.transactions {
        let transaction = &seller.transactions[*place];
        let mut item = None;
        for line in transaction.lines.iter().filter(|line| line.amount() != 0) {
            if line.item.is_some() && line.item != item && transaction.kind == TransactionKind::Shipment {
                item = line.item;
                shared_cells(&mut sheet, seller, &id, transaction, line);
                sheet.set("quantity-purchased", line.units.to_string());
                sheet.end();
            }
            shared_cells(&mut sheet, seller, &id, transaction, line);
            amount_cells(&mut sheet, transaction, line, digits);
            sheet.end();
        }
    }
    sheet.document(seller.region)
}

fn shared_cells(sheet: &mut Sheet, seller: &Seller, id: &str, transaction: &Transaction, line: &Line) {
    sheet.set("settlement-id", id);
    let (kind, description) = names(transaction.market, line.charge);
    let named = match transaction_type(transaction, line.charge) {
        "other-transaction" => description,
        "FBAFees" | "AmazonFees" => kind,
        other => other,
    };
    sheet.set("transaction-type", named);
    sheet.set("marketplace-name", transaction.market.name);
    sheet.set("posted-date", transaction.settles_at().to_rfc3339_opts(SecondsFormat::Secs, false));
    if let Some(product) = line.product {
        sheet.set("sku", &seller.products[product].sku);
    }
    let Some(order) = transaction.order.map(|order| &seller.orders[order]) else { return };
    sheet.set("order-id", &order.id);
    sheet.set("merchant-order-id", &order.id);
    sheet.set("fulfillment-id", if order.by_amazon { "AFN" } else { "MFN" });
    if let Some(parcel) = transaction.parcel {
        sheet.set("shipment-id", format!("D{parcel:09}"));
    }
    if let Some(item) = line.item {
        sheet.set("order-item-code", order.items[item].id.to_string());
    }
    if transaction.kind == TransactionKind::Refund {
        sheet.set("adjustment-id", format!("A{}", transaction.number));
        sheet.set("merchant-adjustment-item-id", transaction.number.to_string());
    }
}

fn amount_cells(sheet: &mut Sheet, transaction: &Transaction, line: &Line, digits: u32) {
    let (kind, description) = names(transaction.market, line.charge);
    let amount = decimal(line.amount(), digits);
    match kind {
        "ItemPrice" => {
            sheet.set("price-type", description);
            sheet.set("price-amount", amount);
        }
        "ItemFees" | "ItemWithheldTax" => {
            sheet.set("item-related-fee-type", description);
            sheet.set("item-related-fee-amount", amount);
        }
        "Promotion" => {
            sheet.set("promotion-type", description);
            sheet.set("promotion-amount", amount);
        }
        _ if transaction.kind == TransactionKind::ProductAds => {
            sheet.set("other-fee-reason-description", kind);
            sheet.set("other-fee-amount", amount);
        }
        _ => sheet.set("other-amount", amount),
    }
}
