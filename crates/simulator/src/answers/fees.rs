//! Product Fees v0: estimates, under other names than the charges have.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::stamp;
use crate::world::{Marketplace, World, json_amount, marketplace};

/// The estimate for a SKU or an ASIN: a `FeesEstimateResult`, with `Status` `ClientError` where there is nothing to
/// estimate. `kind` is `SellerSKU` or `ASIN`, `request` a `FeesEstimateRequest`.
pub fn fees_estimate(world: &World, seller: &str, kind: &str, id: &str, request: &Value, now: DateTime<Utc>) -> Value {
    let identifier = json!({
        "MarketplaceId": request["MarketplaceId"],
        "SellerId": seller,
        "IdType": kind,
        "IdValue": id,
        "IsAmazonFulfilled": request["IsAmazonFulfilled"],
        "PriceToEstimateFees": request["PriceToEstimateFees"],
        "SellerInputIdentifier": request["Identifier"],
    });
    let market = request["MarketplaceId"].as_str().and_then(marketplace);
    let product = world.seller(seller).and_then(|seller| {
        seller.products.iter().find(|product| if kind == "SellerSKU" { product.sku == id } else { product.asin == id })
    });
    let price = &request["PriceToEstimateFees"]["ListingPrice"]["Amount"];
    let (Some(market), Some(product), Some(price)) = (market, product, minor(price, market)) else {
        return json!({
            "Status": "ClientError",
            "FeesEstimateIdentifier": identifier,
            "Error": {
                "Type": "Sender",
                "Code": "InvalidParameterValue",
                "Message": "There is an client-side error. Please verify your inputs.",
                "Detail": [],
            },
        });
    };
    let mut fees = vec![("ReferralFee", price * product.referral / 1000)];
    if request["IsAmazonFulfilled"] == true {
        fees.push(("FBAFees", product.fulfilment * market.per_cent / 1000));
    }
    let details: Vec<Value> = fees
        .iter()
        .map(|(name, fee)| {
            let tax = fee * market.fee_tax / 1000;
            json!({
                "FeeType": name,
                "FeeAmount": money(market, *fee),
                "FeePromotion": money(market, 0),
                "TaxAmount": money(market, tax),
                "FinalFee": money(market, fee + tax),
            })
        })
        .collect();
    let total = fees.iter().map(|(_, fee)| fee + fee * market.fee_tax / 1000).sum();
    json!({
        "Status": "Success",
        "FeesEstimateIdentifier": identifier,
        "FeesEstimate": {
            "TimeOfFeesEstimation": stamp(now),
            "TotalFeesEstimate": money(market, total),
            "FeeDetailList": details,
        },
    })
}

fn money(market: &Marketplace, minor: i64) -> Value {
    json!({ "CurrencyCode": market.currency, "Amount": json_amount(minor, market.digits) })
}

/// A JSON number as minor units; more decimals than the currency has are cut off.
fn minor(amount: &Value, market: Option<&Marketplace>) -> Option<i64> {
    let digits = market?.digits as usize;
    let text = amount.as_number()?.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{:0<digits$}", &part[..part.len().min(digits)]).parse().ok()
}
