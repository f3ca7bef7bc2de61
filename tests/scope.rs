//! What a delivery covers: the same days under two names never count twice.

use sellerlake_contracts::{Clock, Region, SystemClock};
use sellerlake_state::NewAccount;

use crate::desk::words;
use crate::lab::{Lab, Paper, block_on, seller};
use crate::site::Site;

const RETURNS: &str = "return-date\torder-id\tsku\tasin\tfnsku\tquantity\tdetailed-disposition\tstatus\n\
    2026-03-02T10:00:00+00:00\t302-0000000-0000001\tMUG\tB0MUGBLUE1\tX001ABCDEF\t1\tSELLABLE\tUnit returned to inventory\n\
    2026-03-03T10:00:00+00:00\t302-0000000-0000002\tMUG\tB0MUGBLUE1\tX001ABCDEF\t2\tSELLABLE\tUnit returned to inventory\n";

#[test]
fn days_that_came_without_a_region_and_with_one_count_once() {
    let site = Site::new();
    let file = site.file("returns.txt", RETURNS).display().to_string();
    let ingest = |more: &[&str]| {
        let asked = ["ingest", "--source", "fba_returns", "--seller", "A1", "--as-of", "2026-03-20", "--window"];
        let output = site.run(&[&asked[..], &["2026-03-01..2026-03-08"], more, &[file.as_str()]].concat());
        (output.status.code(), words(&output))
    };
    let units = || site.value("SELECT coalesce(sum(units), 0) FROM returns");
    assert_eq!(ingest(&[]).0, Some(0));
    for named in [["--scope", "EU"], ["--scope", "de"], ["--marketplace", "DE"]] {
        let (code, said) = ingest(&named);
        assert_eq!((code, units().as_str()), (Some(3), "3"), "{said}");
        assert!(said.contains("nobody said of which region") && said.contains("with --scope EU"), "{said}");
    }
    assert_eq!(ingest(&[]).0, Some(0), "the same once more is nothing new");
    site.run(&["replay"]);
    assert_eq!(units(), "3", "a replay decides alike");

    // The one that doesn't say is taken back, and the other stands.
    let unnamed = site.value("SELECT delivery_id FROM meta.deliveries WHERE scope = 'account'");
    site.run(&["withdraw", &unnamed, "--yes"]);
    assert_eq!(units(), "3");
    assert_eq!(site.value("SELECT count(*) FROM meta.deliveries WHERE scope = 'EU' AND status = 'loaded'"), "2");
    let (code, said) = ingest(&[]);
    assert_eq!((code, units().as_str()), (Some(3), "3"), "{said}");
    assert!(said.contains("Name it with --scope"), "{said}");
    assert_eq!(ingest(&["--scope", "NORTH"]).0, Some(2), "no region");
    // The same bytes are no other region's days; others are.
    let (code, said) = ingest(&["--scope", "NA"]);
    assert_eq!((code, units().as_str()), (Some(3), "3"), "{said}");
    let others = site.file("others.txt", RETURNS.replace("302-", "111-")).display().to_string();
    let asked = ["ingest", "--source", "fba_returns", "--seller", "A1", "--as-of", "2026-03-20", "--scope", "NA"];
    let output = site.run(&[&asked[..], &["--window", "2026-03-01..2026-03-08", others.as_str()]].concat());
    assert_eq!((output.status.code(), units().as_str()), (Some(0), "6"), "{}", words(&output));
}

/// An account says where its seller sells, and a marketplace where it is.
#[test]
fn a_scope_nobody_names_is_that_of_the_sellers_only_account() {
    let assert_scope = |regions: &'static [Region], paper: Paper, expected: &'static str| {
        block_on(async move {
            let lab = Lab::new().await;
            for region in regions {
                let (application, marketplaces) = ("main".to_owned(), Vec::new());
                let new = NewAccount { seller: seller(), region: *region, application, marketplaces };
                lab.workspace.state().add_account(&new, SystemClock.now()).await.unwrap();
            }
            assert_eq!(lab.load(&[&paper]).await.loaded[0].delivery.scope.0, expected, "{regions:?}");
        });
    };
    let window = Some("2026-03-01..2026-03-08".to_owned());
    let returns =
        || Paper { window: window.clone(), ..Paper::new("fba_returns", Some("2026-03-20T00:00:00Z"), RETURNS.into()) };
    let marketplace = Some("A1VC38T7YXB528");
    assert_scope(&[Region::Eu], returns(), "EU");
    assert_scope(&[Region::Eu, Region::Na], returns(), "account");
    assert_scope(&[Region::Eu, Region::Na], Paper { marketplace, ..returns() }, "FE");
    assert_scope(&[Region::Eu], Paper { scope: Some("NA"), ..returns() }, "NA");
    let events = "{\"payload\":{\"FinancialEvents\":{}}}".to_owned();
    let events =
        Paper { window: window.clone(), ..Paper::new("finance_event_pages", Some("2026-03-20T00:00:00Z"), events) };
    assert_scope(&[Region::Eu], events, "A1-eu");
}
