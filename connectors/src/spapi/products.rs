//! Products: catalogue, listings, prices, fee estimates (amazon.md: Catalogue and listings; Prices and fee estimates).

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{Request, Result};
use serde_json::{Value, json};

use super::roles;
use crate::ask::{Ask, Sample, encoded};
use crate::operation::Operation;
use crate::paging::{Listing, Part};
use crate::parameters;

pub(crate) const SEARCH_CATALOG_ITEMS: Operation =
    Operation::get("searchCatalogItems", "/catalog/2022-04-01/items").rate(2.0, 2).role(roles::LISTING);
pub(crate) const SEARCH_LISTINGS_ITEMS: Operation =
    Operation::get("searchListingsItems", "/listings/2021-08-01/items/{sellerId}").rate(5.0, 5).role(roles::LISTING);
pub(crate) const GET_PRICING: Operation =
    Operation::get("getPricing", "/products/pricing/v0/price").rate(0.5, 1).role(roles::PRICING);
pub(crate) const GET_COMPETITIVE_PRICING: Operation =
    Operation::get("getCompetitivePricing", "/products/pricing/v0/competitivePrice").rate(0.5, 1).role(roles::PRICING);
pub(crate) const GET_MY_FEES_ESTIMATES: Operation =
    Operation::post("getMyFeesEstimates", "/products/fees/v0/feesEstimate").rate(0.5, 1).role(roles::PRICING);

/// `searchCatalogItems`, twenty ASINs a call. Parameters: `included_data`, `locale`.
pub(crate) const CATALOG: Listing = Listing {
    token_parameter: "pageToken",
    token_at: "/pagination/nextToken",
    items_at: "/items",
    keys_per_call: 20,
    ..Listing::one_page(catalog)
};

/// `searchListingsItems`: every listing of one marketplace, or those of the SKUs in the keys. More than a thousand
/// can't be paged through, so they are cut by date of creation until they can.
pub(crate) const LISTINGS: Listing = Listing {
    token_parameter: "pageToken",
    token_at: "/pagination/nextToken",
    items_at: "/items",
    full_page: 20,
    total_at: "/numberOfResults",
    most_items: 1000,
    keys_per_call: 20,
    since: BEFORE_SELLERS,
    ..Listing::one_page(listings)
};

/// `getPricing`, twenty SKUs (or ASINs, by `item_type`) a call.
pub(crate) const PRICES: Listing = Listing { keys_per_call: 20, ..Listing::one_page(prices) };

/// `getCompetitivePricing`, likewise.
pub(crate) const COMPETITIVE_PRICES: Listing = Listing { keys_per_call: 20, ..Listing::one_page(competitive_prices) };

/// `getMyFeesEstimates`, twenty a call. A key is `<sku>=<price> <currency> <AFN or MFN>`, by who ships; parameter:
/// `id_type` (`SellerSKU` or `ASIN`).
pub(crate) const FEES: Listing = Listing { keys_per_call: 20, ..Listing::one_page(fees) };

/// 2000-01-01: no third party sold before it.
const BEFORE_SELLERS: Option<DateTime<Utc>> = DateTime::from_timestamp(946_684_800, 0);

const CATALOG_DATA: &str =
    "attributes,classifications,dimensions,identifiers,images,productTypes,relationships,salesRanks,summaries";
const LISTING_DATA: &str = "summaries,attributes,issues,offers,fulfillmentAvailability,relationships,productTypes";

fn catalog(request: &Request, part: &Part) -> Result<Ask> {
    some_keys(request, part)?;
    Ok(Ask::of(&SEARCH_CATALOG_ITEMS)
        .list("identifiers", part.keys.iter().map(String::as_str))
        .query("identifiersType", "ASIN")
        .query("marketplaceIds", parameters::marketplace(request)?.as_str())
        .list("includedData", parameters::list(request, "included_data", CATALOG_DATA))
        .maybe("locale", parameters::optional(request, "locale"))
        .query("pageSize", "20"))
}

fn listings(request: &Request, part: &Part) -> Result<Ask> {
    let mut ask = Ask::of(&SEARCH_LISTINGS_ITEMS)
        .name(request.account.seller.as_str())
        .query("marketplaceIds", parameters::marketplace(request)?.as_str())
        .list("includedData", parameters::list(request, "included_data", LISTING_DATA))
        .query("pageSize", "20");
    if !part.keys.is_empty() {
        return Ok(ask.list("identifiers", part.keys.iter().map(String::as_str)).query("identifiersType", "SKU"));
    }
    if let Some(window) = part.window {
        // Created and not updated: a list must not change its order while it is paged through.
        let last = window.to - TimeDelta::milliseconds(1);
        ask = ask.at("createdAfter", window.from).at("createdBefore", last);
    }
    Ok(ask.query("sortBy", "createdDate").query("sortOrder", "ASC"))
}

fn prices(request: &Request, part: &Part) -> Result<Ask> {
    priced(&GET_PRICING, request, part)
}

fn competitive_prices(request: &Request, part: &Part) -> Result<Ask> {
    priced(&GET_COMPETITIVE_PRICING, request, part)
}

fn priced(operation: &'static Operation, request: &Request, part: &Part) -> Result<Ask> {
    some_keys(request, part)?;
    let ask = Ask::of(operation).query("MarketplaceId", parameters::marketplace(request)?.as_str());
    if parameters::optional(request, "item_type") == Some("Asin") {
        return Ok(ask.query("ItemType", "Asin").list("Asins", part.keys.iter().map(String::as_str)));
    }
    // Amazon decodes SKUs twice here, so they are encoded twice (amazon.md: Prices and fee estimates).
    let skus: Vec<String> = part.keys.iter().map(|sku| encoded(sku)).collect();
    Ok(ask.query("ItemType", "Sku").list("Skus", skus.iter().map(String::as_str)))
}

fn fees(request: &Request, part: &Part) -> Result<Ask> {
    some_keys(request, part)?;
    let marketplace = parameters::marketplace(request)?.as_str();
    let id_type = parameters::optional(request, "id_type").unwrap_or("SellerSKU");
    let fees = |key: &String| -> Result<Value> {
        let sale = Sale::of(key).ok_or_else(|| {
            parameters::lacking(request, format!("{key:?} is not a fee request"))
                .hint("write <sku>=<price> <currency> <AFN or MFN>")
        })?;
        Ok(json!({
            "IdType": id_type,
            "IdValue": sale.id,
            "FeesEstimateRequest": {
                "MarketplaceId": marketplace,
                "IsAmazonFulfilled": sale.is_amazon_fulfilled,
                "PriceToEstimateFees": { "ListingPrice": { "CurrencyCode": sale.currency, "Amount": sale.price } },
                "Identifier": key,
            },
        }))
    };
    let requests = part.keys.iter().map(fees).collect::<Result<Vec<_>>>()?;
    Ok(Ask::of(&GET_MY_FEES_ESTIMATES).json(&Value::Array(requests)))
}

/// A sale whose fees are wanted, as a key tells it.
struct Sale<'a> {
    id: &'a str,
    price: serde_json::Number,
    currency: &'a str,
    is_amazon_fulfilled: bool,
}

impl<'a> Sale<'a> {
    fn of(key: &'a str) -> Option<Self> {
        // SKUs may hold anything, prices can't: the last sign of equality counts.
        let (id, rest) = key.rsplit_once('=')?;
        let words: Vec<&str> = rest.split(' ').collect();
        let [price, currency, channel] = *words.as_slice() else { return None };
        let is_amazon_fulfilled = match channel {
            "AFN" => true,
            "MFN" => false,
            _ => return None,
        };
        Some(Self { id, price: price.parse().ok()?, currency, is_amazon_fulfilled })
    }
}

fn some_keys(request: &Request, part: &Part) -> Result<()> {
    if part.keys.is_empty() {
        return Err(parameters::lacking(request, "the request names no products to ask for".to_owned()));
    }
    Ok(())
}

/// The catalogue, as the sandbox knows it.
pub(crate) fn catalog_samples() -> Vec<Sample> {
    let included = [
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
        .query("marketplaceIds", "ATVPDKIKX0DER")
        .list("includedData", included);
    vec![Sample::new(found, "/numberOfResults")]
}

/// Listings, as the sandbox knows them.
pub(crate) fn listing_samples() -> Vec<Sample> {
    let listed = Ask::of(&SEARCH_LISTINGS_ITEMS)
        .name("AXXXXXXXXXXXXX")
        .query("identifiersType", "SKU")
        .list("identifiers", ["GM-ZDPI-9B4E", "HW-ZDPI-9B4E", "TC-ZDPI-9B4E"])
        .list("marketplaceIds", ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"])
        .list("includedData", ["summaries", "offers", "fulfillmentAvailability", "issues"])
        .query("pageSize", "1");
    vec![Sample::new(listed, "/numberOfResults")]
}

/// Prices, as the sandbox knows them.
pub(crate) fn price_samples() -> Vec<Sample> {
    vec![price_sample(&GET_PRICING)]
}

/// Competitors' prices, as the sandbox knows them.
pub(crate) fn competitive_price_samples() -> Vec<Sample> {
    vec![price_sample(&GET_COMPETITIVE_PRICING)]
}

fn price_sample(operation: &'static Operation) -> Sample {
    let ask = Ask::of(operation).query("MarketplaceId", "ATVPDKIKX0DER").query("ItemType", "Asin");
    Sample::new(ask, "/payload/0/status")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_request_is_read_from_its_end() {
        let sale = Sale::of("A=B 2=19.9900 USD MFN").unwrap();
        assert_eq!((sale.id, sale.currency, sale.is_amazon_fulfilled), ("A=B 2", "USD", false));
        assert_eq!(sale.price.to_string(), "19.9900");
        assert!(Sale::of("A=19.99 USD").is_none() && Sale::of("A=x USD AFN").is_none());
    }
}
