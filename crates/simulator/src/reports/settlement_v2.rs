//! A settlement in the newer layout: one row for each amount, numbers and dates as the marketplace writes them.

use chrono::{DateTime, Utc};

use super::Document;
use super::sheet::Sheet;
use crate::world::{Charge, Line, Marketplace, Seller, Settlement, Tax, Transaction, TransactionKind, decimal};

const HEADER: [&str; 24] = [
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
    "amount-type",
    "amount-description",
    "amount",
    "fulfillment-id",
    "posted-date",
    "posted-date-time",
    "order-item-code",
    "merchant-order-item-id",
    "merchant-adjustment-item-id",
    "sku",
    "quantity-purchased",
    "promotion-id",
];

/// How amounts and dates of a currency area are written.
pub(super) struct Style {
    comma: bool,
    digits: u32,
}

impl Style {
    pub(super) fn of(settlement: &Settlement) -> Self {
        Self { comma: settlement.currency() == "EUR", digits: settlement.markets[0].digits }
    }

    /// `1234.5` or `1.234,50`.
    pub(super) fn amount(&self, minor: i64) -> String {
        let plain = decimal(minor, self.digits);
        if !self.comma {
            return plain;
        }
        let (whole, cents) = plain.split_once('.').unwrap_or((&plain, ""));
        let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |size| ("-", size));
        let mut grouped = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place) % 3 == 0 {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        format!("{sign}{grouped},{cents}")
    }

    fn day(&self, at: DateTime<Utc>) -> String {
        at.format(if self.comma { "%d.%m.%Y" } else { "%Y-%m-%d" }).to_string()
    }

    fn moment(&self, at: DateTime<Utc>) -> String {
        format!("{} {}", self.day(at), at.format("%H:%M:%S UTC"))
    }
}

pub(super) fn print(seller: &Seller, settlement: &Settlement) -> Document {
    let style = Style::of(settlement);
    let mut sheet = Sheet::new(&HEADER);
    let id = settlement.id.to_string();
    sheet.set("settlement-id", &id);
    sheet.set("settlement-start-date", style.moment(settlement.start));
    sheet.set("settlement-end-date", style.moment(settlement.end));
    sheet.set("deposit-date", style.moment(settlement.deposit_at()));
    sheet.set("total-amount", style.amount(settlement.total));
    sheet.set("currency", settlement.currency());
    sheet.end();
    let reserve = |sheet: &mut Sheet, name: &str, amount: i64, at: DateTime<Utc>| {
        if amount != 0 {
            sheet.set("settlement-id", &id);
            sheet.set("transaction-type", "other-transaction");
            sheet.set("amount-type", "other-transaction");
            sheet.set("amount-description", name);
            sheet.set("amount", style.amount(amount));
            sheet.set("posted-date", style.day(at));
            sheet.set("posted-date-time", style.moment(at));
            sheet.end();
        }
    };
    reserve(&mut sheet, "Previous Reserve Amount Balance", settlement.previous_reserve, settlement.start);
    for place in &settlement.transactions {
        let transaction = &seller.transactions[*place];
        for line in transaction.lines.iter().filter(|line| line.amount() != 0) {
            line_cells(&mut sheet, &style, seller, settlement, transaction, line);
            sheet.end();
        }
    }
    let last = settlement.end - chrono::TimeDelta::seconds(1);
    reserve(&mut sheet, "Current Reserve Amount", -settlement.current_reserve, last);
    sheet.document(seller.region)
}

fn line_cells(
    sheet: &mut Sheet,
    style: &Style,
    seller: &Seller,
    settlement: &Settlement,
    transaction: &Transaction,
    line: &Line,
) {
    let (kind, description) = names(transaction.market, line.charge);
    let at = transaction.settles_at();
    sheet.set("settlement-id", settlement.id.to_string());
    sheet.set("transaction-type", transaction_type(transaction, line.charge));
    sheet.set("marketplace-name", transaction.market.name);
    sheet.set("amount-type", kind);
    sheet.set("amount-description", description);
    sheet.set("amount", style.amount(line.amount()));
    sheet.set("posted-date", style.day(at));
    sheet.set("posted-date-time", style.moment(at));
    if let Some(product) = line.product {
        sheet.set("sku", &seller.products[product].sku);
    }
    let Some(order) = transaction.order.map(|order| &seller.orders[order]) else { return };
    sheet.set("order-id", &order.id);
    sheet.set("merchant-order-id", &order.id);
    sheet.set("fulfillment-id", if order.by_amazon { "AFN" } else { "MFN" });
    if let Some(parcel) = transaction.parcel {
        sheet.set("shipment-id", format!("D{parcel:09}"));
        // Units stand on every row of the item.
        sheet.set("quantity-purchased", line.units.to_string());
    }
    if let Some(item) = line.item {
        sheet.set("order-item-code", order.items[item].id.to_string());
        if matches!(line.charge, Charge::Promotion | Charge::ShippingPromotion) {
            sheet.set("promotion-id", order.items[item].promotion.unwrap_or_default());
        }
    }
    if transaction.kind == TransactionKind::Refund {
        sheet.set("adjustment-id", format!("A{}", transaction.number));
        sheet.set("merchant-adjustment-item-id", transaction.number.to_string());
    }
}

/// The transaction type of a line.
pub(super) fn transaction_type(transaction: &Transaction, charge: Charge) -> &'static str {
    match (transaction.kind, charge) {
        (TransactionKind::Shipment, _) => "Order",
        (TransactionKind::Refund, _) => "Refund",
        (_, Charge::Storage | Charge::Inbound) => "FBAFees",
        (_, Charge::Coupon) => "AmazonFees",
        (TransactionKind::ProductAds, _) => "ServiceFee",
        _ => "other-transaction",
    }
}

/// Amount type and description of a charge.
pub(super) fn names(market: &Marketplace, charge: Charge) -> (&'static str, &'static str) {
    match charge {
        Charge::WithheldPrincipal if matches!(market.tax, Tax::Withheld(_)) => {
            ("ItemWithheldTax", "MarketplaceFacilitatorVAT-Principal")
        }
        Charge::Principal => ("ItemPrice", "Principal"),
        Charge::Tax => ("ItemPrice", "Tax"),
        Charge::Shipping => ("ItemPrice", "Shipping"),
        Charge::ShippingTax => ("ItemPrice", "ShippingTax"),
        Charge::GiftWrap => ("ItemPrice", "GiftWrap"),
        Charge::GiftWrapTax => ("ItemPrice", "GiftWrapTax"),
        Charge::Goodwill => ("ItemPrice", "Goodwill"),
        Charge::Promotion => ("Promotion", "Principal"),
        Charge::ShippingPromotion => ("Promotion", "Shipping"),
        Charge::WithheldPrincipal => ("ItemWithheldTax", "MarketplaceFacilitatorTax-Principal"),
        Charge::WithheldShipping => ("ItemWithheldTax", "MarketplaceFacilitatorTax-Shipping"),
        Charge::WithheldOther => ("ItemWithheldTax", "MarketplaceFacilitatorTax-Other"),
        Charge::Commission => ("ItemFees", "Commission"),
        Charge::Fulfilment => ("ItemFees", "FBAPerUnitFulfillmentFee"),
        Charge::ShippingChargeback => ("ItemFees", "ShippingChargeback"),
        Charge::GiftWrapChargeback => ("ItemFees", "GiftwrapChargeback"),
        Charge::RefundCommission => ("ItemFees", "RefundCommission"),
        Charge::Storage => ("FBA Inventory Storage Fee", "Base fee"),
        Charge::Inbound => ("FBA Amazon-Partnered Carrier Shipment Fee", "Base fee"),
        Charge::Coupon => ("Coupon Participation Fee", "Base fee"),
        Charge::Subscription => ("other-transaction", "Subscription Fee"),
        Charge::Advertising => ("Cost of Advertising", "TransactionTotalAmount"),
        Charge::Reimbursement => ("FBA Inventory Reimbursement", "WAREHOUSE_LOST"),
        Charge::ReversedReimbursement => ("FBA Inventory Reimbursement", "COMPENSATED_CLAWBACK"),
        Charge::FundTransfer => ("other-transaction", "Transfer"),
    }
}
