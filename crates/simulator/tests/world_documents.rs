//! Documents look as Amazon's do: known columns, the region's charset, its decimals and dates.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use chrono::TimeDelta;
use sellerlake_simulator::reports::{Document, Report, ReportQuery, listed, listed_document, report};
use sellerlake_simulator::world::Region;

use crate::world_reading::{end, long_after, printed, query, rows, text, world};

/// Report types and the declared sources that read them.
const KINDS: [(&str, &str); 12] = [
    ("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL", "all_orders"),
    ("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", "all_orders"),
    ("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL", "fulfilled_shipments"),
    ("GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING", "unshipped_orders"),
    ("GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING", "order_report"),
    ("GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", "fba_returns"),
    ("GET_FBA_REIMBURSEMENTS_DATA", "fba_reimbursements"),
    ("GET_LEDGER_DETAIL_VIEW_DATA", "ledger_detail"),
    ("GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA", "myi_inventory"),
    ("GET_FBA_INVENTORY_PLANNING_DATA", "inventory_planning"),
    ("GET_FBA_STORAGE_FEE_CHARGES_DATA", "storage_fee_charges"),
    ("GET_MERCHANT_LISTINGS_ALL_DATA", "merchant_listings"),
];

/// Those Amazon makes by itself.
const SETTLEMENTS: [(&str, &str); 2] = [
    ("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2", "settlement_v2"),
    ("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE", "settlement_v1"),
];

/// A header as sources look it up: case, spaces and dashes don't count.
fn folded(header: &str) -> String {
    let words = header.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
    words.split_whitespace().collect::<Vec<_>>().join("_")
}

/// The headers a declared source knows: names of columns and the aliases beside them.
fn known_columns(source: &str) -> BTreeSet<String> {
    let path = format!("../../schemas/sources/{source}.toml");
    let declared = fs::read_to_string(path).unwrap();
    let columns = declared.split_once("[columns]").unwrap().1;
    let mut known = BTreeSet::new();
    for line in columns.lines() {
        let Some((name, rest)) = line.split_once(" = {") else { continue };
        known.insert(folded(name));
        if let Some((_, aliases)) = rest.split_once("headers = [") {
            let aliases = aliases.split(']').next().unwrap().split('"').skip(1).step_by(2);
            known.extend(aliases.map(folded));
        }
    }
    known
}

fn assert_known(kind: &str, source: &str, document: &Document) {
    let known = known_columns(source);
    let text = text(document);
    let header: Vec<String> = text.lines().next().unwrap().split('\t').map(folded).collect();
    let unknown: Vec<_> = header.iter().filter(|column| !known.contains(*column)).collect();
    assert!(unknown.is_empty(), "{kind}: {unknown:?}");
    assert_eq!(header.iter().collect::<BTreeSet<_>>().len(), header.len(), "{kind}: a column twice");
    assert!(!rows(document).is_empty());
}

#[test]
fn every_header_is_a_known_column() {
    let world = world();
    let mut seen = BTreeSet::new();
    for seller in world.sellers() {
        for (kind, source) in KINDS {
            for now in [9 * 24, 0, -17, -40, -61, -90].map(|hours| end() + TimeDelta::hours(hours)) {
                let document = printed(&world, &seller.id, &query(kind, now - TimeDelta::days(30), now), now);
                document.iter().for_each(|document| assert_known(kind, source, document));
                seen.extend(document.map(|_| kind));
            }
        }
        for (kind, source) in SETTLEMENTS {
            for made in listed(&world, &seller.id, kind, long_after()) {
                assert_known(kind, source, &listed_document(&world, &seller.id, &made.document_id).unwrap());
                seen.insert(kind);
            }
        }
    }
    assert_eq!(seen.len(), KINDS.len() + SETTLEMENTS.len(), "{seen:?}");
}

#[test]
fn regions_have_their_charsets_and_titles_their_quotes_and_letters() {
    let world = world();
    let expected: BTreeMap<&str, (&str, &str)> =
        BTreeMap::from([("na", ("UTF-8", "24\" wide")), ("eu", ("Cp1252", "Könner")), ("fe", ("Windows-31J", "①"))]);
    for seller in world.sellers() {
        let kind = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL";
        let document = printed(&world, &seller.id, &query(kind, end() - TimeDelta::days(30), end()), end()).unwrap();
        let (charset, letters) = expected[seller.region.code()];
        assert_eq!(document.charset, charset);
        assert!(text(&document).contains(letters));
        assert!(!text(&document).contains("&#"), "a letter the charset lacks");
    }
}

#[test]
fn japanese_listings_have_japanese_headers_unless_asked_otherwise() {
    let world = world();
    let seller = world.sellers().iter().find(|seller| seller.region == Region::FarEast).unwrap();
    let mut ask = query("GET_MERCHANT_LISTINGS_ALL_DATA", end(), end());
    let header =
        |ask: &ReportQuery| text(&printed(&world, &seller.id, ask, end()).unwrap()).lines().next().unwrap().to_owned();
    assert!(header(&ask).starts_with("商品名\t出品ID\t出品者SKU"));
    ask.options.insert("preferredReportDocumentLocale".to_owned(), "en_US".to_owned());
    assert!(header(&ask).starts_with("item-name\titem-description"));
}

#[test]
fn settlements_are_written_as_their_currency_area_writes() {
    let world = world();
    let mut seen = BTreeSet::new();
    for seller in world.sellers() {
        for made in listed(&world, &seller.id, "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2", long_after()) {
            let rows = rows(&listed_document(&world, &seller.id, &made.document_id).unwrap());
            let (date, amount) = (&rows[0]["settlement-end-date"], &rows[1]["amount"]);
            match rows[0]["currency"].as_str() {
                "EUR" => assert!(date.as_bytes()[2] == b'.' && !amount.contains('.') && amount.contains(',')),
                "JPY" => assert!(date.as_bytes()[4] == b'-' && !amount.contains(['.', ','])),
                _ => assert!(date.as_bytes()[4] == b'-' && amount.contains('.')),
            }
            assert!(rows[1..].iter().all(|row| row["total-amount"].is_empty()), "said once, in the first row");
            seen.insert(rows[0]["currency"].clone());
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["CAD", "EUR", "GBP", "JPY", "MXN", "USD"]);
}

#[test]
fn what_cannot_be_printed_is_refused_and_what_is_not_there_is_no_data() {
    let world = world();
    let seller = &world.sellers()[0].id;
    let all_orders = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL";
    let ask = |kind, days| query(kind, end() - TimeDelta::days(days), end());
    let refused = |asked| matches!(report(&world, seller, &asked, end()), Report::Refused(_));
    assert!(refused(ask("GET_NOTHING_LIKE_IT", 1)));
    assert!(refused(ask(all_orders, 31)));
    assert!(matches!(report(&world, "A0NOBODY", &ask(all_orders, 1), end()), Report::Refused(_)));
    let early = query(all_orders, end() - TimeDelta::days(300), end() - TimeDelta::days(290));
    assert_eq!(report(&world, seller, &early, end()), Report::NoData);
    assert_eq!(listed(&world, seller, all_orders, end()), Vec::new());
    assert_eq!(listed_document(&world, seller, "amzn1.spdoc.1.4.na.1.2.0.0"), None);
}

#[test]
fn the_status_of_a_return_changes_and_fresh_days_of_traffic_are_empty() {
    let world = world();
    let seller = &world.sellers()[0];
    let returns = |now| {
        let ask = query("GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", end() - TimeDelta::days(40), end());
        let document = printed(&world, &seller.id, &ask, now).unwrap();
        rows(&document).iter().filter(|row| row["status"] == "Pending repackaging").count()
    };
    assert!(returns(end()) > 0);
    assert_eq!(returns(long_after()), 0);
    let market = seller.marketplaces[0];
    let mut ask = query("GET_SALES_AND_TRAFFIC_REPORT", end() - TimeDelta::days(9), end());
    ask.marketplaces = vec![market.id.to_owned()];
    let document = printed(&world, &seller.id, &ask, end()).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&document.bytes).unwrap();
    let days = report["salesAndTrafficByDate"].as_array().unwrap();
    assert!(days.len() < 9, "the newest days aren't there yet");
    let visits = |day: &serde_json::Value| day["trafficByDate"]["sessions"].as_i64().unwrap();
    assert!(visits(&days[0]) > 0);
    assert_eq!(visits(days.last().unwrap()), 0, "sales first, visits later");
}
