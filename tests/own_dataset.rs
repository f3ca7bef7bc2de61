//! A dataset the binary has never seen, declared by four files in a user's directory; and declarations that are wrong.

use std::fs;
use std::path::PathBuf;

use crate::site::{Site, tree};

fn case(name: &str) -> PathBuf {
    tree().join("tests/cases").join(name)
}

/// An empty lake whose settings name a directory of declarations.
fn declaring(name: &str) -> Site {
    Site::with_settings(&format!("declarations = {:?}\n", case(name).join("declarations").display().to_string()))
}

#[test]
fn four_files_make_a_dataset() {
    let site = declaring("own_dataset");
    assert!(site.ok(&["check"]).is_empty(), "`check` finds nothing to note");
    let words = site.ingest("ad_credits", &case("own_dataset").join("sheet.csv"), &["--as-of", "2026-04-02"]);
    assert!(words.contains("sheet.csv: 4 rows, 0 rejected"), "{words}");
    assert!(words.contains("units: 4 added, 0 replaced"), "{words}");
    assert!(words.contains("2 partitions computed, 2 came out different"), "{words}");

    let found = site.run(&["sql", "--format", "csv", "SELECT * FROM ad_credits_daily ORDER BY day, currency"]);
    assert_eq!(
        String::from_utf8(found.stdout).unwrap().trim(),
        "day,currency,credited,credits,seller_id,month\n\
         2026-03-31,EUR,1014.7500,2,A1,2026-03\n\
         2026-03-31,GBP,7.0000,1,A1,2026-03\n\
         2026-04-01,EUR,,1,A1,2026-04"
    );
    assert_eq!(site.value("SELECT count(*) AS n FROM sources.ad_credits WHERE currency = 'EUR'"), "3");

    let listed = |arguments: &[&str]| String::from_utf8(site.run(arguments).stdout).unwrap();
    let tables = listed(&["tables"]);
    let line = tables.lines().find(|line| line.starts_with("ad_credits_daily")).unwrap_or_else(|| panic!("{tables}"));
    assert_eq!(line.split_whitespace().take(3).collect::<Vec<_>>(), ["ad_credits_daily", "3", "2"]);
    assert!(listed(&["tables", "ad_credits_daily"]).contains("Sum of the day's credits."));
    assert!(listed(&["sources"]).contains("as their monthly sheet lists them"));
    let misspelt = site.run(&["tables", "ad_credit_dayly"]);
    assert_eq!(misspelt.status.code(), Some(2));
    assert!(String::from_utf8(misspelt.stderr).unwrap().contains("did you mean \"ad_credits_daily\"?"));

    assert!(site.ok(&["replay"]).contains("0 came out different"));
    assert!(site.ok(&["verify"]).contains("everything is as it should be"));
}

#[test]
fn a_check_of_ones_own_blocks() {
    let site = declaring("own_dataset");
    let sheet = fs::read_to_string(case("own_dataset").join("sheet.csv")).unwrap();
    site.ingest("ad_credits", &site.file("sheet.csv", &sheet), &["--as-of", "2026-04-02"]);
    let before = site.objects("rollups");

    let mistyped = site.file("mistyped.csv", sheet.replace("7.00", "-7.00")).display().to_string();
    let arguments = ["ingest", "--source", "ad_credits", "--seller", "A1", "--as-of", "2026-04-03", &mistyped];
    let output = site.run(&arguments);
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains("ad_credits_daily__positive"), "{words}");
    assert!(words.contains("a negative one is a typing mistake in the sheet"), "{words}");
    assert!(words.contains("-7.0000"), "{words}");
    assert_eq!(site.objects("rollups"), before);
}

/// Compares what `check` says of a directory with the words kept beside it.
fn compare(name: &str) {
    let site = declaring(name);
    let output = site.run(&["check"]);
    assert_eq!(output.status.code(), Some(2));
    let found = String::from_utf8(output.stderr).unwrap();
    let path = case(name).join("expected.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &found).unwrap();
    }
    assert_eq!(found, fs::read_to_string(&path).unwrap_or_default(), "rewrite {} with UPDATE=1", path.display());

    // Nothing works on declarations that contradict each other.
    let refused = site.run(&["ingest", "--source", "all_orders", "--seller", "A1", "sellerlake.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(site.objects("").is_empty());
}

#[test]
fn every_mistake_is_told_at_once() {
    compare("declaration_mistakes");
}

#[test]
fn what_is_built_in_cant_be_shadowed() {
    compare("declaration_shadowing");
}

#[test]
fn a_directory_that_isnt_there_is_told() {
    let site = Site::with_settings("declarations = \"nowhere\"\n");
    let output = site.run(&["check"]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains("can't read the directory of declarations"), "{words}");
    assert!(words.contains("hint: set `declarations` in sellerlake.toml to a directory"), "{words}");
}
