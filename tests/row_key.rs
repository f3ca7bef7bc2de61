//! What a table declares as its key tells its rows apart, or the rows don't appear.

use std::fs;

use crate::desk::words;
use crate::site::{Site, tree};

/// A lake with the declarations of `own_dataset`, its table's key line replaced.
fn with_key(line: &str) -> Site {
    let site = Site::with_settings("declarations = \"declarations\"\n");
    let own = tree().join("tests/cases/own_dataset/declarations");
    for name in ["schemas/sources/ad_credits.toml", "schemas/tables/ad_credits_daily.toml"] {
        let text = fs::read_to_string(own.join(name)).unwrap();
        site.file(&format!("declarations/{name}"), text.replace("key = [\"day\", \"currency\"]", line));
    }
    let stage = "transforms/rollups/ad_credits_daily.sql";
    site.file(&format!("declarations/{stage}"), fs::read_to_string(own.join(stage)).unwrap());
    site
}

#[test]
fn rows_told_twice_are_not_published() {
    let site = with_key("key = [\"day\", \"currency\"]");
    let sheet = tree().join("tests/cases/own_dataset/sheet.csv");
    site.ingest("ad_credits", &sheet, &["--as-of", "2026-04-02"]);
    let before = site.objects("rollups");

    // The same declarations, but for a key that two currencies of one day share.
    let table = "declarations/schemas/tables/ad_credits_daily.toml";
    let narrow = fs::read_to_string(site.path().join(table))
        .unwrap()
        .replace("key = [\"day\", \"currency\"]", "key = [\"day\"]");
    site.file(table, narrow);
    let output = site.run(&["rollup"]);
    let said = words(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    for part in ["rows of ad_credits_daily are there twice", "key: day", "day 2026-03-31"] {
        assert!(said.contains(part), "expected {part:?} in\n{said}");
    }
    assert_eq!(site.objects("rollups"), before);
    let alerts = site.sql("SELECT message FROM meta.alerts WHERE state = 'firing'");
    assert!(alerts.iter().any(|alert| alert["message"].to_string().contains("day 2026-03-31")), "{alerts:?}");

    let wide = fs::read_to_string(site.path().join(table))
        .unwrap()
        .replace("key = [\"day\"]", "key = [\"currency\", \"day\"]");
    site.file(table, wide);
    site.ok(&["rollup"]);
    assert!(site.sql("SELECT message FROM meta.alerts WHERE state = 'firing'").is_empty());
}

#[test]
fn a_table_without_a_key_works_and_is_told() {
    let site = with_key("");
    let said = site.ok(&["check"]);
    assert!(said.contains("warning: schemas/tables/ad_credits_daily.toml declares no `key`"), "{said}");
    let reasoned = with_key("no_key = \"Two credits of a day can be equal.\"");
    assert_eq!(reasoned.ok(&["check"]), "");
    let shown = String::from_utf8(reasoned.run(&["tables", "ad_credits_daily"]).stdout).unwrap();
    assert!(shown.contains("key: none. Two credits of a day can be equal."), "{shown}");
}

#[test]
fn two_rates_of_one_place_and_day_contradict_each_other() {
    let site = Site::new();
    let list = "place,sku,valid_from,rate\nDE,,2026-03-01,19\namazon.de,,2026-03-01,19\n";
    site.ingest("tax_rates", &site.file("rates.csv", list), &["--as-of", "2026-04-01"]);
    let rates = "SELECT count(*) AS n FROM vat_rates WHERE valid_to IS NULL";
    assert_eq!(site.value(rates), "1", "two names of one place that say the same are one line");

    let list = list.replacen("19", "7", 1);
    let file = site.file("contradicting.csv", list).display().to_string();
    let output = site.run(&["ingest", "--source", "tax_rates", "--seller", "A1", "--as-of", "2026-04-02", &file]);
    let said = words(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("place DE, sku NULL, valid_from 2026-03-01"), "{said}");
    assert_eq!(site.value("SELECT rate FROM vat_rates"), "19.0000");
}
