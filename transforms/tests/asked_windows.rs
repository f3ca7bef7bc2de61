//! A document against the window it is handed in with, and the days that two windows share.

use std::collections::BTreeSet;

use sellerlake_schemas::Unit;

use crate::cases::{folders, read};
use crate::decoded::{Asked, built_in, decode_bytes, source};

/// Sources whose documents say nothing of a window: lists of what is, and lists people keep.
const WITHOUT_DAYS: [&str; 17] = [
    "account_settings",
    "catalog_items",
    "competitive_prices",
    "cost_list",
    "fba_stranded",
    "fx_rates",
    "inventory_planning",
    "inventory_summaries",
    "listings_items",
    "merchant_listings",
    "myi_inventory",
    "order_items_v0",
    "own_prices",
    "product_fees",
    "tax_rates",
    "tax_registrations",
    "unshipped_orders",
];

/// Sources whose rows stand for the whole window. What two of them share is marked, or counted once, by the tables made of
/// them: `ppc_search_terms` and `finance_events`.
const OF_WINDOWS: [&str; 2] = ["ads_console_search_terms", "finance_event_pages"];

fn refused(name: &str, asked: &Asked<'_>, bytes: &[u8]) -> Option<String> {
    decode_bytes(&source(&built_in(), name), asked, bytes, 1).outcome.refused
}

#[test]
fn a_document_of_other_days_than_its_window_is_refused() {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for folder in folders() {
        let (case, bytes) = read(&folder);
        let own = case.asked();
        if refused(&case.source, &own, &bytes).is_some() {
            continue;
        }
        let elsewhere = refused(&case.source, &Asked { window: Some("1999-01-01..1999-01-31"), ..own.clone() }, &bytes);
        let is_dated = !WITHOUT_DAYS.contains(&case.source.as_str());
        if is_dated != elsewhere.is_some() {
            wrong.push(format!("{}: {elsewhere:?}", folder.display()));
        }
        seen.insert(case.source);
    }
    let sources = built_in().sources;
    let unseen: Vec<_> = sources.keys().filter(|name| !seen.contains(*name)).collect();
    assert!(unseen.is_empty(), "no case of {unseen:?}");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn rows_that_two_windows_share_are_of_the_same_units() {
    let schemas = built_in();
    for folder in folders() {
        let (case, bytes) = read(&folder);
        let own = case.asked();
        let kind = source(&schemas, &case.source);
        let units = |window: Option<&str>| {
            let decoded = decode_bytes(&kind, &Asked { window, ..own.clone() }, &bytes, 1);
            decoded.outcome.refused.is_none().then(|| decoded.full("_unit").into_iter().collect::<BTreeSet<_>>())
        };
        let Some((from, to)) = own.window.and_then(|window| window.split_once("..")) else {
            // A document that states its own window can't be another's.
            let told = !kind.window_paths.is_empty();
            assert!(told || matches!(kind.unit, Unit::Columns(_) | Unit::AsOfDay), "{}", folder.display());
            continue;
        };
        let next = to.parse::<chrono::NaiveDate>().unwrap().succ_opt().unwrap();
        let (one, other) = (units(own.window), units(Some(&format!("{from}..{next}"))));
        let (Some(one), Some(other)) = (one, other) else { continue };
        let shared = one.is_subset(&other);
        assert_eq!(shared, !OF_WINDOWS.contains(&case.source.as_str()), "{}", folder.display());
    }
}
