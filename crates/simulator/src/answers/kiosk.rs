//! Data Kiosk: seller economics by SKU and day, and sales by date, for queries of the usual shape. Fields are not
//! picked: a row holds all there is to say.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::reports::{Sales, sales_of_day};
use crate::world::{
    AdProduct, Charge, Marketplace, Seller, Source, Thread, TransactionKind, What, World, json_amount, marketplace,
    published_at, transaction_published_at,
};

/// What a query asks for.
struct Asked {
    first: NaiveDate,
    last: NaiveDate,
    markets: Vec<&'static Marketplace>,
    economics: bool,
    by_day: bool,
}

/// The document of a query: one JSON object a line, or nothing where there is no data.
///
/// # Errors
///
/// The text of Amazon's 400: no known root field, no dates, no marketplaces.
pub fn data_kiosk(world: &World, seller: &str, query: &str, now: DateTime<Utc>) -> Result<Option<String>, String> {
    let asked = read(query)?;
    let Some(seller) = world.seller(seller) else { return Ok(None) };
    let mut lines = String::new();
    for market in asked.markets.iter().filter(|market| seller.sells_in(market.id)) {
        let rows =
            if asked.economics { economics(seller, market, &asked, now) } else { by_date(seller, market, &asked, now) };
        for row in rows {
            lines.push_str(&row.to_string());
            lines.push('\n');
        }
    }
    Ok((!lines.is_empty()).then_some(lines))
}

fn read(query: &str) -> Result<Asked, String> {
    let economics = query.contains("analytics_economics_2024_03_15");
    if !economics && !query.contains("analytics_salesAndTraffic_2024_04_24") {
        return Err("The query has no supported root field.".to_owned());
    }
    let date = |name: &str| {
        let rest = query.split_once(name)?.1.trim_start_matches([':', ' ', '"']);
        rest.get(..10)?.parse::<NaiveDate>().ok()
    };
    let (Some(first), Some(last)) = (date("startDate"), date("endDate")) else {
        return Err("startDate and endDate are required.".to_owned());
    };
    let list = query.split_once("marketplaceIds").and_then(|(_, rest)| rest.split_once(']')).map(|(list, _)| list);
    let markets: Vec<_> = list.unwrap_or_default().split('"').filter_map(marketplace).collect();
    if markets.is_empty() || last < first {
        return Err("marketplaceIds are required, and endDate must not be before startDate.".to_owned());
    }
    Ok(Asked { first, last, markets, economics, by_day: !query.contains("RANGE") })
}

/// Days that are over for a day, by the first day of their row.
fn days(asked: &Asked, market: &Marketplace, now: DateTime<Utc>) -> Vec<(NaiveDate, NaiveDate)> {
    let days = asked.first.iter_days().take_while(|day| *day <= asked.last);
    days.filter(|day| market.midnight(*day + Days::new(1)) + TimeDelta::hours(24) <= now)
        .map(|day| (if asked.by_day { day } else { asked.first }, day))
        .collect()
}

fn money(market: &Marketplace, minor: i64) -> Value {
    json!({ "amount": json_amount(minor, market.digits), "currencyCode": market.currency })
}

fn by_date(seller: &Seller, market: &'static Marketplace, asked: &Asked, now: DateTime<Utc>) -> Vec<Value> {
    let mut rows: BTreeMap<NaiveDate, Sales> = BTreeMap::new();
    for (row, day) in days(asked, market, now) {
        for (all, _) in sales_of_day(seller, market, day, now - TimeDelta::hours(12)).values() {
            rows.entry(row).or_default().add(all);
        }
    }
    rows.iter()
        .map(|(date, sales)| {
            json!({
                "startDate": date.to_string(),
                "endDate": (if asked.by_day { *date } else { asked.last }).to_string(),
                "marketplaceId": market.id,
                "sales": {
                    "orderedProductSales": money(market, sales.amount),
                    "totalOrderItems": sales.items,
                    "unitsOrdered": sales.units,
                },
            })
        })
        .collect()
}

/// Fees, refunds and advertising of one product's row.
#[derive(Default)]
struct Economics {
    sales: Sales,
    refunded: i64,
    units_refunded: i64,
    referral: i64,
    fulfilment: i64,
    ads: BTreeMap<AdProduct, i64>,
}

fn economics(seller: &Seller, market: &'static Marketplace, asked: &Asked, now: DateTime<Utc>) -> Vec<Value> {
    let mut rows: BTreeMap<(NaiveDate, usize), Economics> = BTreeMap::new();
    for (row, day) in days(asked, market, now) {
        for (product, (all, _)) in sales_of_day(seller, market, day, now - TimeDelta::hours(12)) {
            rows.entry((row, product)).or_default().sales.add(&all);
        }
        for ((product, kind), cost) in advertised(seller, market, day, now) {
            *rows.entry((row, product)).or_default().ads.entry(kind).or_default() += cost;
        }
        let (from, to) = (market.midnight(day), market.midnight(day + Days::new(1)));
        for (_, event) in seller.between(Thread::Money, from, to) {
            let What::Posted { transaction } = event.what else { continue };
            let transaction = &seller.transactions[transaction];
            if transaction.market.id != market.id || transaction_published_at(transaction, event.at) > now {
                continue;
            }
            for line in &transaction.lines {
                let Some(product) = line.product else { continue };
                let found = rows.entry((row, product)).or_default();
                match line.charge {
                    Charge::Commission | Charge::RefundCommission => found.referral -= line.amount(),
                    Charge::Fulfilment => found.fulfilment -= line.amount(),
                    Charge::Principal if transaction.kind == TransactionKind::Refund => {
                        found.refunded -= line.amount();
                        found.units_refunded += line.units;
                    }
                    _ => {}
                }
            }
        }
    }
    let end = |date: NaiveDate| if asked.by_day { date } else { asked.last };
    rows.iter().map(|((date, product), found)| row(seller, market, *date, end(*date), *product, found)).collect()
}

/// What the ads of a day cost, by the product they show; Sponsored Brands show none.
fn advertised(
    seller: &Seller,
    market: &Marketplace,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> BTreeMap<(usize, AdProduct), i64> {
    let profiles = seller.ads_profiles.iter().enumerate().filter(|(_, profile)| profile.market.id == market.id);
    let mut newest: BTreeMap<usize, i64> = BTreeMap::new();
    for place in profiles.flat_map(|(profile, _)| seller.timeline.ads_of(profile, day)) {
        let event = &seller.events[*place];
        let (source, ad, cost) = match event.what {
            What::AdsCounted { ad, cost, .. } => (Source::AdsTraffic, ad, cost),
            What::AdsCorrected { ad, cost, .. } => (Source::AdsRestated, ad, cost),
            _ => continue,
        };
        if published_at(source, event.at) <= now {
            newest.insert(ad, cost);
        }
    }
    let mut costs = BTreeMap::new();
    for (ad, cost) in newest.into_iter().filter(|(_, cost)| *cost > 0) {
        let ad = &seller.ads[ad];
        if let Some(product) = ad.product {
            *costs.entry((product, seller.campaigns[ad.campaign].product)).or_default() += cost;
        }
    }
    costs
}

fn row(
    seller: &Seller,
    market: &Marketplace,
    start: NaiveDate,
    end: NaiveDate,
    product: usize,
    found: &Economics,
) -> Value {
    let product = &seller.products[product];
    let sales = &found.sales;
    let net = sales.amount - found.refunded;
    let proceeds = net - found.referral - found.fulfilment - found.ads.values().sum::<i64>();
    let detail = |amount: i64, quantity: Option<i64>| {
        json!({
            "amount": money(market, amount),
            "promotionAmount": money(market, 0),
            "taxAmount": money(market, 0),
            "totalAmount": money(market, amount),
            "quantity": quantity,
        })
    };
    let fee = |name: &str, amount: i64| {
        let detail = detail(amount, Some(sales.units));
        let charge = json!({ "startDate": start.to_string(), "endDate": end.to_string(), "aggregatedDetail": detail });
        json!({ "feeTypeName": name, "charges": [charge] })
    };
    let ads = found.ads.iter().map(|(kind, cost)| {
        let name = match kind {
            AdProduct::Products => "Sponsored Products charge",
            AdProduct::Brands => "Sponsored Brands charge",
            AdProduct::Display => "Sponsored Display charge",
        };
        json!({ "adTypeName": name, "charge": detail(*cost, None) })
    });
    json!({
        "startDate": start.to_string(),
        "endDate": end.to_string(),
        "marketplaceId": market.id,
        "msku": product.sku,
        "fnsku": product.fnsku,
        "childAsin": product.asin,
        "parentAsin": product.parent_asin,
        "sales": {
            "orderedProductSales": money(market, sales.amount),
            "refundedProductSales": money(market, found.refunded),
            "netProductSales": money(market, net),
            "unitsOrdered": sales.units,
            "unitsRefunded": found.units_refunded,
            "netUnitsSold": sales.units - found.units_refunded,
            "averageSellingPrice": money(market, if sales.units == 0 { 0 } else { sales.amount / sales.units }),
        },
        "fees": [fee("ReferralFee", found.referral), fee("FBA_FULFILLMENT_FEE", found.fulfilment)],
        "ads": ads.collect::<Vec<_>>(),
        "netProceeds": {
            "total": money(market, proceeds),
            "perUnit": money(market, if sales.units == 0 { 0 } else { proceeds / sales.units }),
        },
    })
}
