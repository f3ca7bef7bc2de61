//! Orders and sales: reports over windows, both Orders APIs and the truth say the same.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_simulator::answers::{
    MetricsQuery, OrderFilter, order_2026, order_items_v0, order_metrics, order_v0, orders_2026, orders_v0,
};
use sellerlake_simulator::truth::{DailySales, OrdersThrough, Truth, truth, truth_through};
use sellerlake_simulator::world::{Seller, World, marketplaces};
use serde_json::Value;

use crate::world_reading::{Row, end, hundredths, long_after, printed, query, rows, rows_of_windows, world};

const BY_UPDATE: &str = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL";
const BY_DATE: &str = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL";

/// Day, marketplace, product; orders, items, units, units without price, money of eight kinds.
type Sales = BTreeMap<(String, String, String), (BTreeSet<String>, [i64; 3], [i64; 8])>;

/// Sums of rows as a lake's `daily_sales` makes them.
fn sold(rows: &[Row]) -> Sales {
    let mut sales = Sales::new();
    for row in rows {
        let channel = row["sales-channel"].as_str();
        let Some(market) = marketplaces().iter().find(|market| market.name == channel) else { continue };
        let gone = row["order-status"] == "Cancelled" || row["item-status"] == "Cancelled";
        if gone || row["is-replacement-order"] == "true" {
            continue;
        }
        let placed: DateTime<Utc> = row["purchase-date"].parse().unwrap();
        let key = (market.day(placed).to_string(), market.id.to_owned(), row["sku"].clone());
        let sum = sales.entry(key).or_default();
        let units: i64 = row["quantity"].parse().unwrap();
        sum.0.insert(row["amazon-order-id"].clone());
        let unpriced = if row["item-price"].is_empty() { units } else { 0 };
        sum.1.iter_mut().zip([1, units, unpriced]).for_each(|(sum, more)| *sum += more);
        let columns = [
            "item-price",
            "item-tax",
            "item-promotion-discount",
            "shipping-price",
            "shipping-tax",
            "ship-promotion-discount",
            "gift-wrap-price",
            "gift-wrap-tax",
        ];
        sum.2.iter_mut().zip(columns).for_each(|(sum, column)| *sum += hundredths(&row[column]));
    }
    sales
}

/// The same with orders counted.
type Counted = BTreeMap<(String, String, String), (i64, [i64; 3], [i64; 8])>;

fn true_sales(truth: &Truth) -> Counted {
    let money = |text: &Option<String>| text.as_deref().map_or(0, hundredths);
    let entry = |row: &DailySales| {
        let key = (row.local_day.clone(), row.marketplace_id.clone()?, row.sku.clone());
        let amounts = [
            money(&row.gross_sales),
            money(&row.item_tax),
            money(&row.item_promotion_discount),
            money(&row.shipping_sales),
            money(&row.shipping_tax),
            money(&row.ship_promotion_discount),
            money(&row.gift_wrap_sales),
            money(&row.gift_wrap_tax),
        ];
        (row.orders > 0).then_some((key, (row.orders, [row.order_items, row.units, row.unpriced_units], amounts)))
    };
    truth.daily_sales.iter().filter_map(entry).collect()
}

#[test]
fn windows_of_the_all_orders_reports_add_up_to_the_truth() {
    let world = world();
    for seller in world.sellers() {
        for now in [end() - TimeDelta::days(12), end(), long_after()] {
            let truth = truth_through(&world, &seller.id, now, OrdersThrough::Reports);
            for (kind, days) in [(BY_UPDATE, 7), (BY_UPDATE, 30), (BY_DATE, 11)] {
                let rows = rows_of_windows(&world, &seller.id, kind, days, now);
                let sales = sold(&rows)
                    .into_iter()
                    .map(|(key, (orders, counts, money))| (key, (orders.len() as i64, counts, money)));
                assert_eq!(sales.collect::<Counted>(), true_sales(&truth), "{kind} by {now}");
                let orders: BTreeSet<&str> = rows.iter().map(|row| row["amazon-order-id"].as_str()).collect();
                assert_eq!(orders.len(), truth.orders.len());
            }
        }
    }
}

#[test]
fn totals_of_days_agree_with_products() {
    let world = world();
    for seller in world.sellers() {
        let truth = truth(&world, &seller.id, end());
        for day in &truth.daily {
            let products = truth.daily_sales.iter().filter(|row| {
                row.local_day == day.local_day && row.marketplace_id.as_ref() == Some(&day.marketplace_id)
            });
            let (mut units, mut items, mut revenue) = (0, 0, 0);
            for row in products {
                units += row.units;
                items += row.order_items;
                revenue += row.gross_sales.as_deref().map_or(0, hundredths);
            }
            assert_eq!((day.units, day.items, hundredths(&day.revenue)), (units, items, revenue));
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn everything(now: DateTime<Utc>) -> OrderFilter {
    OrderFilter { last_updated: Some((end() - TimeDelta::days(60), now)), ..OrderFilter::default() }
}

/// Id, status, items that remain, units and revenue.
type Told = (String, String, i64, i64, Option<i64>);

fn told_by_2026(world: &World, seller: &Seller, now: DateTime<Utc>) -> Vec<Told> {
    let included = ["PROCEEDS", "FULFILLMENT", "CANCELLATION"].map(String::from);
    let mut found: Vec<Told> = orders_2026(world, &seller.id, &everything(now), &included, now)
        .iter()
        .map(|order| {
            let (mut items, mut units, mut revenue) = (0, 0, None);
            for item in order["orderItems"].as_array().unwrap() {
                let ordered = item["quantityOrdered"].as_i64().unwrap();
                items += i64::from(ordered > 0);
                units += ordered;
                for part in item["proceeds"]["breakdowns"].as_array().into_iter().flatten() {
                    if part["type"] == "ITEM" {
                        *revenue.get_or_insert(0) += hundredths(part["subtotal"]["amount"].as_str().unwrap());
                    }
                }
            }
            let status = match text(&order["fulfillment"]["fulfillmentStatus"]).as_str() {
                "PENDING" => "Pending",
                "UNSHIPPED" => "Unshipped",
                "PARTIALLY_SHIPPED" => "PartiallyShipped",
                "SHIPPED" => "Shipped",
                "CANCELLED" => "Cancelled",
                other => panic!("{other}"),
            };
            (text(&order["orderId"]), status.to_owned(), items, units, revenue)
        })
        .collect();
    found.sort();
    found
}

fn told_by_v0(world: &World, seller: &Seller, now: DateTime<Utc>) -> Vec<Told> {
    let mut found: Vec<Told> = orders_v0(world, &seller.id, &everything(now), now)
        .iter()
        .map(|order| {
            let id = text(&order["AmazonOrderId"]);
            let (mut count, mut units, mut revenue) = (0, 0, None);
            for item in order_items_v0(world, &seller.id, &id, now).unwrap() {
                let ordered = item["QuantityOrdered"].as_i64().unwrap();
                count += i64::from(ordered > 0);
                units += ordered;
                if let Some(price) = item["ItemPrice"]["Amount"].as_str() {
                    *revenue.get_or_insert(0) += hundredths(price);
                }
            }
            (id, text(&order["OrderStatus"]).replace("Canceled", "Cancelled"), count, units, revenue)
        })
        .collect();
    found.sort();
    found
}

#[test]
fn both_orders_apis_tell_the_truth() {
    let world = world();
    for seller in world.sellers() {
        for now in [end() - TimeDelta::days(8), end()] {
            let truth = truth(&world, &seller.id, now);
            let expected: Vec<Told> = truth
                .orders
                .iter()
                .map(|order| {
                    let revenue = order.revenue.as_deref().map(hundredths);
                    (order.order_id.clone(), order.status.clone(), order.items, order.units, revenue)
                })
                .collect();
            // Of what brings nothing no price is told.
            let without_price = |mut told: Vec<Told>| {
                for (one, truth) in told.iter_mut().zip(&expected) {
                    one.4 = one.4.or(truth.4.filter(|revenue| *revenue == 0));
                }
                told
            };
            assert_eq!(without_price(told_by_2026(&world, seller, now)), expected);
            assert_eq!(without_price(told_by_v0(&world, seller, now)), expected);
        }
    }
}

#[test]
fn single_orders_are_those_of_the_lists() {
    let world = world();
    let seller = &world.sellers()[0];
    let included = ["PROCEEDS".to_owned()];
    let filter = OrderFilter { created: Some((end() - TimeDelta::days(3), end())), ..OrderFilter::default() };
    let listed = orders_2026(&world, &seller.id, &filter, &included, end());
    assert!(!listed.is_empty());
    for order in listed {
        let id = text(&order["orderId"]);
        assert_eq!(order_2026(&world, &seller.id, &id, &included, end()).as_ref(), Some(&order));
        assert_eq!(order_v0(&world, &seller.id, &id, end()).unwrap()["AmazonOrderId"], order["orderId"]);
    }
    assert_eq!(order_2026(&world, &seller.id, "111-0000000-0000000", &included, end()), None);
    assert_eq!(order_items_v0(&world, &seller.id, &seller.orders[9].id, seller.orders[9].placed_at), None);
}

#[test]
fn pending_orders_have_no_prices_and_cancelled_ones_no_units() {
    let world = world();
    let mut statuses = BTreeSet::new();
    for seller in world.sellers() {
        for hours in 0..9 {
            let now = end() - TimeDelta::hours(hours * 31);
            for row in rows_of_windows(&world, &seller.id, BY_DATE, 30, now) {
                let priced = !row["item-price"].is_empty();
                statuses.insert(row["order-status"].clone());
                match row["order-status"].as_str() {
                    "Pending" => assert!(!priced && row["currency"].is_empty() && row["quantity"] != "0"),
                    "Cancelled" => assert!(!priced && row["quantity"] == "0"),
                    _ if row["sales-channel"].starts_with("Non-Amazon") => assert!(!priced),
                    _ => assert_eq!(priced, row["quantity"] != "0", "{row:?}"),
                }
            }
        }
    }
    let known = ["Cancelled", "Partially Shipped", "Pending", "Shipped", "Unshipped"];
    assert_eq!(statuses.iter().map(String::as_str).collect::<Vec<_>>(), known);
}

#[test]
fn shipments_are_the_units_that_left() {
    let world = world();
    for seller in world.sellers() {
        let kind = "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL";
        let rows = rows_of_windows(&world, &seller.id, kind, 30, long_after());
        let mut left: BTreeMap<String, i64> = BTreeMap::new();
        for row in &rows {
            *left.entry(row["amazon-order-id"].clone()).or_default() += row["quantity-shipped"].parse::<i64>().unwrap();
        }
        let keys: BTreeSet<_> = rows.iter().map(|row| (&row["shipment-id"], &row["shipment-item-id"])).collect();
        assert_eq!(keys.len(), rows.len());
        let by_amazon: BTreeSet<&str> =
            seller.orders.iter().filter(|order| order.by_amazon).map(|order| order.id.as_str()).collect();
        for order in truth(&world, &seller.id, long_after()).orders {
            if by_amazon.contains(order.order_id.as_str()) && order.status == "Shipped" {
                assert_eq!(left.get(&order.order_id), Some(&order.units));
            } else {
                assert_eq!(left.get(&order.order_id), None);
            }
        }
    }
}

#[test]
fn order_metrics_and_sales_and_traffic_count_alike() {
    let world = world();
    for seller in world.sellers() {
        for market in &seller.marketplaces {
            let (from, to) =
                (market.midnight("2026-10-05".parse().unwrap()), market.midnight("2026-10-19".parse().unwrap()));
            let asked = MetricsQuery {
                marketplace: market.id.to_owned(),
                from,
                to,
                granularity: "Day".to_owned(),
                zone: market.zone.name().to_owned(),
                asin: None,
                sku: None,
            };
            let metrics = order_metrics(&world, &seller.id, &asked, long_after()).unwrap();
            let utc = |day: &str| format!("{day}T00:00:00Z").parse().unwrap();
            let mut ask = query("GET_SALES_AND_TRAFFIC_REPORT", utc("2026-10-05"), utc("2026-10-19"));
            ask.marketplaces = vec![market.id.to_owned()];
            let document = printed(&world, &seller.id, &ask, long_after()).unwrap();
            let report: Value = serde_json::from_slice(&document.bytes).unwrap();
            let days = report["salesAndTrafficByDate"].as_array().unwrap();
            assert_eq!((days.len(), metrics.len()), (14, 14));
            for (day, metric) in days.iter().zip(&metrics) {
                let sales = &day["salesByDate"];
                assert_eq!(sales["unitsOrdered"], metric["unitCount"]);
                assert_eq!(sales["totalOrderItems"], metric["orderItemCount"]);
                assert!(text(&metric["interval"]).starts_with(&text(&day["date"])));
            }
            let truth = truth(&world, &seller.id, long_after());
            let of_day =
                truth.daily.iter().find(|row| row.local_day == "2026-10-07" && row.marketplace_id == market.id);
            let told = &days[2]["salesByDate"];
            assert_eq!(told["unitsOrdered"].as_i64().unwrap(), of_day.map_or(0, |row| row.units));
            let by_asin: i64 = report["salesAndTrafficByAsin"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["salesByAsin"]["unitsOrdered"].as_i64().unwrap())
                .sum();
            assert_eq!(
                by_asin,
                days.iter().map(|day| day["salesByDate"]["unitsOrdered"].as_i64().unwrap()).sum::<i64>()
            );
        }
    }
}

#[test]
fn the_unshipped_list_is_what_sellers_have_to_ship() {
    let world = world();
    let mut seen = 0;
    for seller in world.sellers() {
        for hours in 1..12 {
            let now = end() - TimeDelta::hours(hours * 41);
            let ask = query("GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING", now, now);
            let rows: Vec<Row> = printed(&world, &seller.id, &ask, now).iter().flat_map(rows).collect();
            let truth = truth_through(&world, &seller.id, now, OrdersThrough::Reports);
            let waiting: BTreeSet<&str> = truth
                .orders
                .iter()
                .filter(|order| matches!(order.status.as_str(), "Unshipped" | "PartiallyShipped"))
                .filter(|order| !seller.orders[seller.order(&order.order_id).unwrap()].by_amazon)
                .map(|order| order.order_id.as_str())
                .collect();
            let listed: BTreeSet<&str> = rows.iter().map(|row| row["order-id"].as_str()).collect();
            assert_eq!(listed, waiting);
            seen += rows.len();
        }
    }
    assert!(seen > 20);
}
