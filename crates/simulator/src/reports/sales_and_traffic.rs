//! Sales & Traffic: by day (or week, or month), and by ASIN over the whole range.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta};
use serde_json::{Map, Value, json};

use super::traffic::{Sales, Visits, sales_of_day};
use super::{Asked, Document, Report};
use crate::world::{Marketplace, Thread, TransactionKind, What, decimal, json_amount};

/// Sales of a day are known so long after it.
const SALES_AFTER: TimeDelta = TimeDelta::hours(24);
/// Page views and sessions are 0 until then.
const VISITS_AFTER: TimeDelta = TimeDelta::hours(48);

/// Everything of one row.
#[derive(Default)]
struct Totals {
    sales: Sales,
    business: Sales,
    visits: Visits,
    shipped_sales: i64,
    units_shipped: i64,
    orders_shipped: i64,
    units_refunded: i64,
}

pub(super) fn print(asked: &Asked<'_>) -> Report {
    let Some(market) = asked.one_market() else { return Report::Refused("Unknown marketplace.".to_owned()) };
    let option = |name: &str, default: &str| asked.query.options.get(name).cloned().unwrap_or(default.to_owned());
    let (date_granularity, asin_granularity) = (option("dateGranularity", "DAY"), option("asinGranularity", "PARENT"));
    let (first, last) = range(asked, &date_granularity);
    if (asked.now.date_naive() - first).num_days() > 731 {
        return Report::NoData;
    }
    let mut dates: BTreeMap<NaiveDate, Totals> = BTreeMap::new();
    let mut products: BTreeMap<String, (Sales, Sales, Visits)> = BTreeMap::new();
    for day in first.iter_days().take_while(|day| *day <= last) {
        let ended = market.midnight(day + Days::new(1));
        if ended + SALES_AFTER > asked.now {
            break;
        }
        let visited = ended + VISITS_AFTER <= asked.now;
        let totals = dates.entry(period(day, &date_granularity)).or_default();
        let sales = sales_of_day(asked.seller, market, day, asked.now - TimeDelta::hours(12));
        for (product, (all, business)) in &sales {
            let visits = if visited { Visits::of(*product, day, all.units) } else { Visits::default() };
            totals.sales.add(all);
            totals.business.add(business);
            totals.visits.add(&visits);
            let row = products.entry(key(asked, *product, &asin_granularity)).or_default();
            row.0.add(all);
            row.1.add(business);
            row.2.add(&visits);
        }
        ship_and_refund(asked, market, day, totals);
    }
    let all: Visits = products.values().fold(Visits::default(), |mut sum, row| {
        sum.add(&row.2);
        sum
    });
    let document = json!({
        "reportSpecification": {
            "reportType": asked.query.report_type,
            "reportOptions": { "dateGranularity": date_granularity, "asinGranularity": asin_granularity },
            "dataStartTime": first.to_string(),
            "dataEndTime": last.to_string(),
            "marketplaceIds": [market.id],
        },
        "salesAndTrafficByDate": dates.iter().map(|(date, totals)| by_date(market, *date, totals)).collect::<Vec<_>>(),
        "salesAndTrafficByAsin": products.iter().map(|(asin, row)| by_asin(market, asin, row, &all)).collect::<Vec<_>>(),
    });
    Report::Document(Document {
        bytes: document.to_string().into_bytes(),
        charset: "UTF-8",
        content_type: "application/json",
    })
}

/// First and last day; weeks (from Sunday) and months grow to whole ones.
fn range(asked: &Asked<'_>, granularity: &str) -> (NaiveDate, NaiveDate) {
    let first = asked.query.from.date_naive();
    let last = (asked.query.to - TimeDelta::seconds(1)).date_naive().max(first);
    let end = match granularity {
        "WEEK" => period(last, granularity) + Days::new(6),
        "MONTH" => period(last, granularity) + Months::new(1) - Days::new(1),
        _ => last,
    };
    (period(first, granularity), end)
}

/// The first day of the row a day counts in.
fn period(day: NaiveDate, granularity: &str) -> NaiveDate {
    match granularity {
        "WEEK" => day - Days::new(u64::from(day.weekday().num_days_from_sunday())),
        "MONTH" => day.with_day(1).unwrap_or(day),
        _ => day,
    }
}

fn ship_and_refund(asked: &Asked<'_>, market: &Marketplace, day: NaiveDate, totals: &mut Totals) {
    let (from, to) = (market.midnight(day), market.midnight(day + Days::new(1)));
    for (_, event) in asked.seller.between(Thread::Parcels, from, to) {
        let What::Shipped { order, parcel } = &event.what else { continue };
        let placed = &asked.seller.orders[*order];
        if placed.market.id == market.id && !placed.non_amazon && placed.replaces.is_none() {
            totals.orders_shipped += 1;
            for (item, units) in &parcel.lines {
                totals.units_shipped += units;
                totals.shipped_sales += placed.items[*item].each.price * units;
            }
        }
    }
    for (_, event) in asked.seller.between(Thread::Money, from, to) {
        let What::Posted { transaction } = event.what else { continue };
        let transaction = &asked.seller.transactions[transaction];
        if transaction.kind == TransactionKind::Refund && transaction.market.id == market.id {
            totals.units_refunded += transaction.lines.first().map_or(0, |line| line.units);
        }
    }
}

/// The columns a row by ASIN is named with, joined: parent, child, SKU.
fn key(asked: &Asked<'_>, product: usize, granularity: &str) -> String {
    let product = &asked.seller.products[product];
    match granularity {
        "CHILD" => format!("{}\t{}", product.parent_asin, product.asin),
        "SKU" => format!("{}\t{}\t{}", product.parent_asin, product.asin, product.sku),
        _ => product.parent_asin.clone(),
    }
}

fn money(market: &Marketplace, minor: i64) -> Value {
    json!({ "amount": json_amount(minor, market.digits), "currencyCode": market.currency })
}

/// A quotient with two decimals; 0 where there is nothing to divide by.
fn ratio(part: i64, whole: i64, factor: i64) -> Value {
    if whole == 0 { json!(0) } else { decimal(part * factor * 100 / whole, 2).parse().map_or(json!(0), Value::Number) }
}

fn by_date(market: &Marketplace, date: NaiveDate, totals: &Totals) -> Value {
    let mut sales = Map::new();
    for (suffix, of) in [("", &totals.sales), ("B2B", &totals.business)] {
        let average = |whole: i64| if whole == 0 { 0 } else { of.amount / whole };
        sales.insert(format!("orderedProductSales{suffix}"), money(market, of.amount));
        sales.insert(format!("unitsOrdered{suffix}"), json!(of.units));
        sales.insert(format!("totalOrderItems{suffix}"), json!(of.items));
        sales.insert(format!("averageSalesPerOrderItem{suffix}"), money(market, average(of.items)));
        sales.insert(format!("averageUnitsPerOrderItem{suffix}"), ratio(of.units, of.items, 1));
        sales.insert(format!("averageSellingPrice{suffix}"), money(market, average(of.units)));
    }
    sales.insert("unitsRefunded".into(), json!(totals.units_refunded));
    sales.insert("refundRate".into(), ratio(totals.units_refunded, totals.sales.units, 100));
    sales.insert("claimsGranted".into(), json!(0));
    sales.insert("claimsAmount".into(), money(market, 0));
    sales.insert("shippedProductSales".into(), money(market, totals.shipped_sales));
    sales.insert("unitsShipped".into(), json!(totals.units_shipped));
    sales.insert("ordersShipped".into(), json!(totals.orders_shipped));
    let mut traffic = Map::new();
    let business = Visits::default();
    for (suffix, visits, of) in [("", &totals.visits, &totals.sales), ("B2B", &business, &totals.business)] {
        traffic.insert(format!("browserPageViews{suffix}"), json!(visits.browser_views));
        traffic.insert(format!("mobileAppPageViews{suffix}"), json!(visits.app_views));
        traffic.insert(format!("pageViews{suffix}"), json!(visits.views()));
        traffic.insert(format!("browserSessions{suffix}"), json!(visits.browser_sessions));
        traffic.insert(format!("mobileAppSessions{suffix}"), json!(visits.app_sessions));
        traffic.insert(format!("sessions{suffix}"), json!(visits.sessions()));
        traffic.insert(format!("buyBoxPercentage{suffix}"), json!(if visits.views() > 0 { 98 } else { 0 }));
        traffic.insert(format!("orderItemSessionPercentage{suffix}"), ratio(of.items, visits.sessions(), 100));
        traffic.insert(format!("unitSessionPercentage{suffix}"), ratio(of.units, visits.sessions(), 100));
    }
    for (name, value) in [
        ("averageOfferCount", 12),
        ("averageParentItems", 8),
        ("feedbackReceived", 1),
        ("negativeFeedbackReceived", 0),
        ("receivedNegativeFeedbackRate", 0),
    ] {
        traffic.insert(name.into(), json!(value));
    }
    json!({ "date": date.to_string(), "salesByDate": sales, "trafficByDate": traffic })
}

fn by_asin(market: &Marketplace, key: &str, row: &(Sales, Sales, Visits), all: &Visits) -> Value {
    let (sales, business, visits) = row;
    let mut found = Map::new();
    for (name, value) in ["parentAsin", "childAsin", "sku"].into_iter().zip(key.split('\t')) {
        found.insert(name.into(), json!(value));
    }
    let sold = json!({
        "unitsOrdered": sales.units,
        "unitsOrderedB2B": business.units,
        "orderedProductSales": money(market, sales.amount),
        "orderedProductSalesB2B": money(market, business.amount),
        "totalOrderItems": sales.items,
        "totalOrderItemsB2B": business.items,
    });
    let traffic = json!({
        "browserSessions": visits.browser_sessions,
        "mobileAppSessions": visits.app_sessions,
        "sessions": visits.sessions(),
        "browserSessionPercentage": ratio(visits.browser_sessions, all.browser_sessions, 100),
        "mobileAppSessionPercentage": ratio(visits.app_sessions, all.app_sessions, 100),
        "sessionPercentage": ratio(visits.sessions(), all.sessions(), 100),
        "browserPageViews": visits.browser_views,
        "mobileAppPageViews": visits.app_views,
        "pageViews": visits.views(),
        "browserPageViewsPercentage": ratio(visits.browser_views, all.browser_views, 100),
        "mobileAppPageViewsPercentage": ratio(visits.app_views, all.app_views, 100),
        "pageViewsPercentage": ratio(visits.views(), all.views(), 100),
        "buyBoxPercentage": if visits.views() > 0 { 98 } else { 0 },
        "unitSessionPercentage": ratio(sales.units, visits.sessions(), 100),
    });
    found.insert("salesByAsin".into(), sold);
    found.insert("trafficByAsin".into(), traffic);
    Value::Object(found)
}
