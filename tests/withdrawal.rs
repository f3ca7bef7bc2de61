//! What a delivery takes back, and what becomes of deliveries that were true at the same moment.

use std::path::PathBuf;

use crate::site::{Site, text};

/// A settlement of three lines; `lines` says how many of them the file has.
fn settlement(site: &Site, name: &str, lines: usize, cut: usize) -> PathBuf {
    let mut file = String::from(
        "settlement-id\tsettlement-start-date\tsettlement-end-date\tdeposit-date\ttotal-amount\tcurrency\t\
         transaction-type\torder-id\tmarketplace-name\tamount-type\tamount-description\tamount\tposted-date\t\
         posted-date-time\tsku\tquantity-purchased\n",
    );
    file.push_str("555\t2026-03-01 00:00:00 UTC\t2026-03-15 00:00:00 UTC\t2026-03-17 00:00:00 UTC\t45.00\tUSD\n");
    for amount in &["10.00", "20.00", "15.00"][..lines] {
        let head = "555\t\t\t\t\t\tOrder\t111-0000001-0000001\tAmazon.com\tItemPrice\tPrincipal";
        file.push_str(&format!("{head}\t{amount}\t2026-03-05\t2026-03-05 08:14:22 UTC\tMUG\t1\n"));
    }
    file.truncate(file.len() - cut);
    site.file(name, file)
}

fn ingest(site: &Site, source: &str, file: &std::path::Path, more: &[&str]) -> (i32, String) {
    let file = file.display().to_string();
    let arguments = [&["ingest", "--source", source, "--seller", "A1"], more, &[file.as_str()]].concat();
    let output = site.run(&arguments);
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn total(site: &Site) -> String {
    site.value("SELECT sum(amount) FROM sources.settlement_v2")
}

fn alerts(site: &Site) -> String {
    site.value("SELECT count(*) FROM meta.alerts WHERE state = 'firing' AND severity = 'error'")
}

/// Whatever comes first, and as of whenever it is said to be: what adds up stands, and what doesn't is told.
#[test]
fn a_settlement_that_adds_up_is_never_replaced_by_a_part_of_it() {
    for (lines, cut) in [(1, 0), (2, 0), (3, 40), (2, 60)] {
        for as_of in [None, Some("2026-04-01")] {
            let site = Site::new();
            let whole = settlement(&site, "whole.txt", 3, 0);
            let part = settlement(&site, "part.txt", lines, cut);
            let later: Vec<&str> = as_of.into_iter().flat_map(|at| ["--as-of", at]).collect();
            assert_eq!(ingest(&site, "settlement_v2", &whole, &[]).0, 0);
            let (code, words) = ingest(&site, "settlement_v2", &part, &later);
            assert_eq!((code, total(&site).as_str()), (3, "45.0000"), "{lines} {cut} {as_of:?}: {words}");
            assert_eq!(ingest(&site, "settlement_v2", &whole, &[]).0, 0);
            assert_eq!(total(&site), "45.0000");

            let site = Site::new();
            let part = settlement(&site, "part.txt", lines, cut);
            let whole = settlement(&site, "whole.txt", 3, 0);
            let (code, words) = ingest(&site, "settlement_v2", &part, &[]);
            let status = site.value("SELECT status FROM meta.deliveries");
            assert!(["in_part", "held_back", "refused"].contains(&status.as_str()), "{status}");
            // A refused file holds nothing that anybody could miss.
            let told = status != "refused";
            assert_eq!((code, alerts(&site) != "0"), (3, told), "{lines} {cut}: {words}");
            assert_eq!(site.run(&["verify"]).status.code(), Some(if told { 3 } else { 0 }), "an alert stands");
            assert_eq!(ingest(&site, "settlement_v2", &whole, &[]).0, 0);
            assert_eq!((total(&site).as_str(), alerts(&site).as_str()), ("45.0000", "0"), "{lines} {cut}");
            site.ok(&["verify"]);
            site.run(&["replay"]);
            assert_eq!(total(&site), "45.0000", "a replay decides alike");
        }
    }
}

/// A file that was cut where the lost rows add up to nothing balances as well as the whole one.
#[test]
fn of_two_settlements_that_add_up_the_one_with_more_rows_stands() {
    for (whole_comes_first, as_of) in [true, false].map(|first| [(first, "2026-04-01"), (first, "")]).concat() {
        let site = Site::new();
        let whole = settlement(&site, "whole.txt", 3, 0);
        let line = |amount: &str| {
            let head = "555\t\t\t\t\t\tOrder\t111-0000001-0000002\tAmazon.com\tItemPrice\tPrincipal";
            format!("{head}\t{amount}\t2026-03-06\t2026-03-06 08:14:22 UTC\tMUG\t1\n")
        };
        let text = std::fs::read_to_string(&whole).unwrap();
        let longer = site.file("longer.txt", text + &line("7.00") + &line("-7.00"));
        let files = if whole_comes_first { [&longer, &whole] } else { [&whole, &longer] };
        assert_eq!(ingest(&site, "settlement_v2", files[0], &[]).0, 0);
        let later = ["--as-of", as_of];
        let (code, words) = ingest(&site, "settlement_v2", files[1], if as_of.is_empty() { &[] } else { &later });
        // Neither was true earlier, whichever came first.
        let is_tie = whole_comes_first || as_of.is_empty();
        assert_eq!(code, if is_tie { 3 } else { 0 }, "{words}");
        assert_eq!(words.contains("fewer rows, and yet it balances"), is_tie, "{words}");
        assert_eq!(site.value("SELECT count(*) FROM sources.settlement_v2"), "6");
        site.run(&["replay"]);
        assert_eq!(site.value("SELECT count(*) FROM sources.settlement_v2"), "6", "a replay decides alike");
    }
}

#[test]
fn of_lists_of_the_same_moment_the_one_that_came_last_stands() {
    let site = Site::new();
    let list = |cost: usize| {
        site.file(
            &format!("{cost}.csv"),
            format!("sku,marketplace_id,valid_from,unit_cost,currency\nMUG,,2026-01-01,{cost}.00,USD\n"),
        )
    };
    let as_of = ["--as-of", "2026-02-01"];
    for cost in 1..=10 {
        let (code, words) = ingest(&site, "cost_list", &list(cost), &as_of);
        assert_eq!(code, 0, "{words}");
        assert_eq!(words.contains("same as-of, different content: 1 unit"), cost > 1, "{words}");
        assert_eq!(site.value("SELECT unit_cost FROM sources.cost_list"), format!("{cost}.0000"));
    }
    // One that came before is still the one that came before, and that is said.
    let (code, words) = ingest(&site, "cost_list", &list(4), &as_of);
    assert_eq!(code, 3, "{words}");
    assert!(words.contains("same as-of, different content") && words.contains("a later --as-of"), "{words}");
    for _ in 0..2 {
        assert_eq!(site.value("SELECT unit_cost FROM sources.cost_list"), "10.0000");
        site.ok(&["replay"]);
    }
    // Without one a list is as of now, and what is handed in again comes again.
    assert_eq!(ingest(&site, "cost_list", &list(4), &[]).0, 0);
    assert_eq!(site.value("SELECT unit_cost FROM sources.cost_list"), "4.0000");
    let again = site.file("again.csv", std::fs::read(list(4)).unwrap());
    let words = site.ingest("cost_list", &again, &as_of);
    assert!(!words.contains("different content"), "{words}");
}

#[test]
fn a_delivery_is_taken_back_as_if_it_had_never_come() {
    let site = Site::new();
    let list =
        |name: &str, lines: &str| site.file(name, format!("sku,marketplace_id,valid_from,unit_cost,currency\n{lines}"));
    site.ingest("cost_list", &list("a.csv", "MUG,,2026-01-01,4.00,USD\n"), &["--as-of", "2026-02-01"]);
    let standing = "SELECT sku, unit_cost, _delivery_id FROM sources.cost_list ORDER BY sku";
    let landed = || site.objects("raw").iter().filter(|(path, ..)| path.ends_with(".meta.json")).count();
    let before = (site.sql(standing), site.sql("SELECT * FROM costs"), landed());
    site.ingest(
        "cost_list",
        &list("b.csv", "MUG,,2026-01-01,9.00,USD\nRUG,,2026-01-01,1.00,USD\n"),
        &["--as-of", "2026-02-02"],
    );
    let wrong = site.value("SELECT delivery_id FROM meta.deliveries WHERE as_of > TIMESTAMP '2026-02-01T12:00:00Z'");
    let after = (site.sql(standing), site.objects("raw"));
    let words = site.ok(&["withdraw", &wrong[..12]]);
    assert!(words.contains("2 rows of it in sources.cost_list") && words.contains("add --yes"), "{words}");
    assert_eq!((site.sql(standing), site.objects("raw")), after, "nothing is changed by asking");
    for failpoint in ["withdraw.dropped", "raw.withdrawn"] {
        let mut command = site.command(&["withdraw", &wrong, "--yes"]);
        assert!(!command.env("SELLERLAKE_FAILPOINT", failpoint).output().unwrap().status.success(), "{failpoint}");
    }
    // Its metadata is gone: whoever comes next finds it forgotten.
    site.ok(&["rollup"]);
    let mut again = site.run(&["withdraw", &wrong, "--yes"]);
    if again.status.code() == Some(2) {
        again = site.run(&["verify"]);
    }
    assert!(again.status.success(), "{}", text(&String::from_utf8_lossy(&again.stderr).into_owned().into()));
    assert_eq!((site.sql(standing), site.sql("SELECT * FROM costs"), landed()), before);
    assert_eq!(site.value("SELECT count(*) FROM meta.deliveries"), "1");
    site.ok(&["replay"]);
    assert_eq!((site.sql(standing), site.sql("SELECT * FROM costs")), (before.0, before.1));
    assert_eq!(site.run(&["withdraw", "ffff"]).status.code(), Some(2));
}
