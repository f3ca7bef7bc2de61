//! The same seed gives the same world; every kind of event happens in some.

use std::collections::BTreeSet;
use std::time::Instant;

use sellerlake_simulator::reports::{listed, listed_document};
use sellerlake_simulator::truth::truth;
use sellerlake_simulator::world::{Charge, Profile, Seller, Settlement, What, World, decimal};
use sha2::{Digest, Sha256};

use crate::world_reading::{end, long_after, printed, query, rows_of_windows, world};

#[test]
fn the_same_seed_gives_the_same_world_and_documents() {
    let (one, other) = (World::grow(&Profile::chaos(5)), World::grow(&Profile::chaos(5)));
    assert!(one == other);
    for seller in one.sellers() {
        let ask = query("GET_LEDGER_DETAIL_VIEW_DATA", end() - chrono::TimeDelta::days(30), end());
        assert_eq!(printed(&one, &seller.id, &ask, end()), printed(&other, &seller.id, &ask, end()));
        assert_eq!(truth(&one, &seller.id, end()), truth(&other, &seller.id, end()));
    }
    assert!(one != World::grow(&Profile::chaos(6)));
}

/// Changes whenever worlds or what is told of them do; then the assertion shows the new one.
const DIGEST: &str = "a0d93c2ffa169e3eb3927fce";

#[test]
fn the_same_seed_gives_the_same_bytes_on_every_machine() {
    let world = World::grow(&Profile::chaos(1));
    let mut digest = Sha256::new();
    for seller in world.sellers() {
        digest.update(serde_json::to_vec(&truth(&world, &seller.id, long_after())).unwrap());
        for made in listed(&world, &seller.id, "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2", long_after()) {
            digest.update(&made.document_id);
            digest.update(listed_document(&world, &seller.id, &made.document_id).unwrap().bytes);
        }
    }
    let digest: String = digest.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, DIGEST);
}

#[test]
fn a_seller_does_not_depend_on_its_neighbours() {
    let mut alone = Profile::chaos(5);
    alone.sellers.remove(0);
    assert!(World::grow(&alone).sellers()[0] == World::grow(&Profile::chaos(5)).sellers()[1]);
}

fn name(what: &What) -> &'static str {
    match what {
        What::Listed { .. } => "listed",
        What::PriceChanged { .. } => "price changed",
        What::Ordered { .. } => "ordered",
        What::PaymentAuthorised { .. } => "paid",
        What::Shipped { .. } => "shipped",
        What::UnitsCancelled { .. } => "units cancelled",
        What::Cancelled { emptied: true, .. } => "emptied",
        What::Cancelled { .. } => "cancelled",
        What::Touched { .. } => "touched",
        What::Posted { .. } => "posted",
        What::Released { .. } => "released",
        What::Returned { .. } => "returned",
        What::ReturnSettled { .. } => "return settled",
        What::Reimbursed { .. } => "reimbursed",
        What::InboundSent { .. } => "inbound",
        What::StockMoved(_) => "stock moved",
        What::AdsCounted { .. } => "ads counted",
        What::AdsCorrected { .. } => "ads corrected",
        What::AdsSold { .. } => "ads sold",
        What::SettlementClosed { .. } => "settled",
    }
}

#[test]
fn a_demo_has_every_kind_of_event_order_and_charge() {
    let world = World::grow(&Profile::demo(90));
    let sellers = world.sellers();
    let events: BTreeSet<&str> = sellers.iter().flat_map(|s| &s.events).map(|event| name(&event.what)).collect();
    assert_eq!(events.len(), 20, "{events:?}");
    let charges: BTreeSet<Charge> =
        sellers.iter().flat_map(|s| &s.transactions).flat_map(|t| &t.lines).map(|line| line.charge).collect();
    assert_eq!(charges.len(), 25, "{charges:?}");
    let orders: Vec<_> = sellers.iter().flat_map(|seller| &seller.orders).collect();
    assert!(orders.iter().any(|order| order.non_amazon));
    assert!(orders.iter().any(|order| order.replaces.is_some()));
    assert!(orders.iter().any(|order| !order.by_amazon));
    assert!(orders.iter().any(|order| order.items.len() > 2));
    let twins = |order: &&&sellerlake_simulator::world::Order| {
        let items = &order.items;
        items.len() > 1 && items[0].each == items[items.len() - 1].each && items[0].product == items[1].product
    };
    assert!(orders.iter().any(|order| twins(&order)));
}

#[test]
fn ids_are_unique() {
    let world = world();
    let sellers = world.sellers();
    let orders: Vec<&String> = sellers.iter().flat_map(|seller| &seller.orders).map(|order| &order.id).collect();
    let items = sellers.iter().flat_map(|s| &s.orders).flat_map(|order| &order.items).map(|item| item.id.to_string());
    let transactions = sellers.iter().flat_map(|s| &s.transactions).flat_map(|t| [t.id(), t.release_id()]);
    let settlements = sellers.iter().flat_map(|s| &s.settlements).map(|settlement| settlement.id.to_string());
    let asins = sellers.iter().flat_map(|s| &s.products).map(|product| product.asin.clone());
    for ids in [
        orders.into_iter().cloned().collect::<Vec<String>>(),
        items.collect(),
        transactions.collect(),
        settlements.collect(),
        asins.collect(),
    ] {
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    }
}

#[test]
fn events_are_in_order_and_nothing_is_printed_before_it_happens() {
    let world = world();
    for seller in world.sellers() {
        assert!(seller.events.is_sorted_by_key(|event| event.at));
        let placed = seller.orders[seller.orders.len() / 2].placed_at;
        let rows =
            rows_of_windows(&world, &seller.id, "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", 30, placed);
        assert!(!rows.is_empty());
        let latest = placed.to_rfc3339_opts(chrono::SecondsFormat::Secs, false);
        assert!(rows.iter().all(|row| row["last-updated-date"] < latest));
    }
}

#[test]
fn books_balance_and_shelves_hold_whatever_the_seed() {
    for seed in 0..15 {
        let world = World::grow(&Profile::chaos(seed));
        for seller in world.sellers() {
            let truth = truth(&world, &seller.id, end());
            assert!(truth.stock.iter().all(|row| row.fulfillable >= 0 && row.reserved >= 0), "seed {seed}");
            for (told, stated) in truth.settlements.iter().zip(closed(seller)) {
                assert_eq!(told.settlement_id, stated.id.to_string());
                assert_eq!(told.total, decimal(stated.total, stated.markets[0].digits), "seed {seed}");
            }
        }
    }
}

/// Settlements by their end, as the truth lists them.
fn closed(seller: &Seller) -> Vec<&Settlement> {
    let settlements = seller.events.iter().filter_map(|event| match event.what {
        What::SettlementClosed { settlement } => Some(&seller.settlements[settlement]),
        _ => None,
    });
    settlements.collect()
}

#[test]
fn growth_is_quick() {
    let begun = Instant::now();
    World::grow(&Profile::demo(90));
    // A debug build on a busy machine takes half a second; growth that turned quadratic would take minutes.
    assert!(begun.elapsed().as_secs() < 30);
    assert!(
        World::grow(&Profile::chaos(1)).sellers().iter().all(|seller| seller.events.last().unwrap().at < long_after())
    );
}
