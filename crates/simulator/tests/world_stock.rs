//! Stock: never oversold, and the same in every list and in the truth.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_simulator::answers::inventory_summaries;
use sellerlake_simulator::truth::truth;
use sellerlake_simulator::world::World;

use crate::world_reading::{end, long_after, printed, query, rows, rows_of_windows, small, world};

#[test]
fn nothing_is_ever_sold_that_is_not_there() {
    let world = world();
    for seller in world.sellers() {
        for hours in 0..24 {
            let now = end() - TimeDelta::hours(hours * 37);
            for row in truth(&world, &seller.id, now).stock {
                assert!(row.fulfillable >= 0 && row.reserved >= 0 && row.unsellable >= 0, "{now}: {row:?}");
            }
        }
    }
}

#[test]
fn lists_and_answers_tell_the_truth() {
    let world = world();
    let count = |text: &str| text.parse::<i64>().unwrap();
    for seller in world.sellers() {
        for now in [end() - TimeDelta::hours(333), end()] {
            let truth = truth(&world, &seller.id, now);
            for market in &seller.marketplaces {
                let expected: BTreeMap<String, [i64; 3]> = truth
                    .stock
                    .iter()
                    .filter(|row| row.marketplace_id == market.id)
                    .map(|row| (row.sku.clone(), [row.fulfillable, row.reserved, row.unsellable]))
                    .collect();
                let ask = |kind| {
                    let mut ask = query(kind, now, now);
                    ask.marketplaces = vec![market.id.to_owned()];
                    rows(&printed(&world, &seller.id, &ask, now).unwrap())
                };
                let listed = |kind, columns: [&str; 3]| -> BTreeMap<String, [i64; 3]> {
                    ask(kind)
                        .iter()
                        .map(|row| (row["sku"].clone(), columns.map(|column| count(&row[column]))))
                        .collect()
                };
                let columns = ["afn-fulfillable-quantity", "afn-reserved-quantity", "afn-unsellable-quantity"];
                assert_eq!(listed("GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA", columns), expected);
                let columns = ["available", "Total Reserved Quantity", "unfulfillable-quantity"];
                assert_eq!(listed("GET_FBA_INVENTORY_PLANNING_DATA", columns), expected);
                let summaries = inventory_summaries(&world, &seller.id, market.id, now);
                let answered: BTreeMap<String, [i64; 3]> = summaries
                    .iter()
                    .map(|summary| {
                        let details = &summary["inventoryDetails"];
                        let numbers = [
                            &details["fulfillableQuantity"],
                            &details["reservedQuantity"]["totalReservedQuantity"],
                            &details["unfulfillableQuantity"]["totalUnfulfillableQuantity"],
                        ];
                        (summary["sellerSku"].as_str().unwrap().to_owned(), numbers.map(|n| n.as_i64().unwrap()))
                    })
                    .collect();
                assert_eq!(answered, expected);
            }
        }
    }
}

#[test]
fn the_ledger_adds_up_to_what_lies_there() {
    let world = world();
    for seller in world.sellers() {
        let mut sums: BTreeMap<(String, bool), i64> = BTreeMap::new();
        for row in rows_of_windows(&world, &seller.id, "GET_LEDGER_DETAIL_VIEW_DATA", 500, long_after()) {
            let sum = sums.entry((row["MSKU"].clone(), row["Disposition"] == "SELLABLE")).or_default();
            *sum += row["Quantity"].parse::<i64>().unwrap();
        }
        let mut lying: BTreeMap<(String, bool), i64> = BTreeMap::new();
        let mut pools = Vec::new();
        for market in &seller.marketplaces {
            if pools.contains(&market.pool) {
                continue;
            }
            pools.push(market.pool);
            for row in
                truth(&world, &seller.id, long_after()).stock.iter().filter(|row| row.marketplace_id == market.id)
            {
                *lying.entry((row.sku.clone(), true)).or_default() += row.fulfillable + row.reserved;
                *lying.entry((row.sku.clone(), false)).or_default() += row.unsellable;
            }
        }
        lying.retain(|_, units| *units != 0);
        sums.retain(|_, units| *units != 0);
        assert_eq!(sums, lying);
    }
}

#[test]
fn a_ledger_by_instant_shifts_the_days_and_loses_nothing() {
    let by_day = world();
    let mut profile = small();
    profile.ledger_by_instant = true;
    let by_instant = World::grow(&profile);
    let kind = "GET_LEDGER_DETAIL_VIEW_DATA";
    let (from, to) = ("2026-10-05T00:00:00Z".parse().unwrap(), "2026-10-06T00:00:00Z".parse().unwrap());
    let rows_of = |world: &World, seller: &str, from, to| {
        printed(world, seller, &query(kind, from, to), end()).map_or_else(Vec::new, |document| rows(&document))
    };
    for (seller, days) in [(0, ["10/04/2026", "10/05/2026"]), (2, ["10/05/2026", "10/06/2026"])] {
        let seller = &by_day.sellers()[seller].id;
        assert!(rows_of(&by_day, seller, from, to).iter().all(|row| row["Date"] == "10/05/2026"));
        // Los Angeles is behind UTC and Tokyo ahead of it: a UTC day has parts of two local ones.
        let one_day = rows_of(&by_instant, seller, from, to);
        let told = days.map(|day| one_day.iter().filter(|row| row["Date"] == day).count());
        assert!(told[0] > 0 && told[1] > 0 && told[0] + told[1] == one_day.len(), "{told:?} of {}", one_day.len());
        for row in &one_day {
            let at: DateTime<Utc> = row["Date and Time"].parse().unwrap();
            assert!(from <= at && at < to, "{at}");
        }
        let (from, to) = (end() - TimeDelta::days(60), end());
        let days = |from, to| rows_of(&by_instant, seller, from, to);
        let halves = [days(from, to - TimeDelta::days(20)), days(to - TimeDelta::days(20), to)].concat();
        assert_eq!(halves, days(from, to));
    }
}

#[test]
fn storage_is_estimated_when_its_month_is_over() {
    let world = world();
    for seller in world.sellers() {
        let kind = "GET_FBA_STORAGE_FEE_CHARGES_DATA";
        let ask = query(kind, "2026-10-01T00:00:00Z".parse().unwrap(), "2026-11-01T00:00:00Z".parse().unwrap());
        assert_eq!(printed(&world, &seller.id, &ask, end()), None);
        let rows = rows(&printed(&world, &seller.id, &ask, end() + TimeDelta::days(12)).unwrap());
        assert!(rows.iter().all(|row| row["month_of_charge"] == "2026-10"));
    }
}
