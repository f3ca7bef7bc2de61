//! Names and titles that would steer the reader's terminal.

use std::process::Output;

use crate::site::Site;

/// Sets a window's title, goes back to the line's start, and turns what follows around.
const EVIL: &str = "Mug\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}gum";

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn assert_tame(output: &Output, what: &str) -> String {
    let said = both(output);
    let steering: Vec<char> =
        said.chars().filter(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}')).collect();
    assert!(steering.is_empty(), "{what}: {steering:?} in\n{}", said.escape_debug());
    said
}

#[test]
fn words_and_tables_show_what_would_steer_a_terminal_and_data_has_it_as_it_is() {
    let site = Site::new();
    let header = format!(
        "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tsku\tquantity\tcurrency\t\
         item-price\tproduct-name\tnew {EVIL}\n"
    );
    let row = |number: u32, units: &str| {
        format!(
            "111-{number:07}-{number:07}\t2026-03-01T12:00:00Z\t2026-03-02T00:00:00Z\tShipped\tAmazon.com\t{EVIL}\t\
             {units}\tUSD\t9.99\t{EVIL}\tx\n"
        )
    };
    // With one bad row among few, all would be refused.
    let rows: String = (1..60).map(|number| row(number, "1")).collect();
    let file = site.file(&format!("{EVIL}.txt"), format!("{header}{rows}{}", row(60, EVIL)));
    let name = file.display().to_string();
    let output = site.run(&["ingest", "--source", "all_orders", "--seller", "A1", "--as-of", "2026-03-05", &name]);
    let said = assert_tame(&output, "ingest");
    assert!(said.contains("Mug\\u{1b}]0;owned\\u{7}\\u{9b}2J\\u{202e}gum.txt: "), "{said}");
    let statement = "SELECT sku, product_name FROM order_items";
    let table = assert_tame(&site.run(&["sql", statement]), "sql");
    assert_eq!(table.matches("Mug\\u{1b}]0;owned").count(), 2 * 59, "{table}");
    assert_tame(&site.run(&["sql", "SELECT * FROM meta.alerts WHERE state = 'firing'"]), "alerts");
    assert_tame(&site.run(&["sql", "SELECT * FROM meta.deliveries"]), "deliveries");
    let csv = site.run(&["sql", "--format", "csv", statement]).stdout;
    assert!(String::from_utf8(csv).unwrap().contains(&format!("{EVIL},{EVIL}")), "data stays as it is");
    for arguments in [
        vec!["ingest", "--source", EVIL, "--seller", "A1", &name],
        vec!["ingest", "--source", "all_orders", "--seller", "A1", EVIL],
        vec!["sql", &format!("SELECT * FROM \"{EVIL}\"")],
        vec!["tables", EVIL],
        vec!["--config", EVIL, "tables"],
        vec!["rollup", "--table", EVIL],
        vec!["rollup", "--seller", EVIL],
        vec![EVIL],
    ] {
        let output = site.run(&arguments);
        assert!(!output.status.success());
        assert_tame(&output, arguments[0]);
    }
}

/// Nobody is told that all is well of an answer that went nowhere.
#[test]
fn an_answer_that_nobody_can_read_is_a_failure() {
    let site = Site::new();
    let run = |redirect: &str, arguments: &[&str]| {
        let command = site.command(arguments);
        let mut shell = std::process::Command::new("sh");
        shell
            .args(["-c", &format!("exec \"$@\" {redirect}"), "sh"])
            .arg(command.get_program())
            .args(command.get_args());
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(site.path());
        let output = shell.output().unwrap();
        (output.status.code(), both(&output))
    };
    for arguments in [&["sql", "SELECT 1"][..], &["sql", "--format", "csv", "SELECT 1"], &["tables"]] {
        let (code, words) = run(">&-", arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {words}");
        assert!(words.contains("standard output is closed"), "{arguments:?}: {words}");
        for redirect in [">/dev/null", "1<>/dev/null", "<&-"] {
            assert_eq!(run(redirect, arguments).0, Some(0), "{arguments:?} {redirect}");
        }
        if std::path::Path::new("/dev/full").exists() {
            let (code, words) = run(">/dev/full", arguments);
            assert_eq!(code, Some(1), "{arguments:?}: {words}");
        }
    }
}

/// A file with an answer holds all of it, or stays what it was.
#[test]
fn an_answers_file_is_whole_or_isnt_there() {
    let site = Site::new();
    let kept = site.file("kept.csv", "as it was\n");
    let rows = |end: &str| format!("SELECT 1 / ({end} - i) AS n FROM generate_series(1, 100000) t(i)");
    for name in ["kept.csv", "new.csv"] {
        let path = site.path().join(name).display().to_string();
        let output = site.run(&["sql", "--format", "csv", "--output", &path, &rows("99000")]);
        assert_eq!(output.status.code(), Some(2), "{}", both(&output));
    }
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "as it was\n");
    let output = site.run(&["sql", "--format", "csv", "--output", &kept.display().to_string(), &rows("100001")]);
    assert!(output.status.success(), "{}", both(&output));
    assert_eq!(std::fs::read_to_string(&kept).unwrap().lines().count(), 100_001);
    let names = std::fs::read_dir(site.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!names.into_iter().any(|name| name.to_string_lossy().contains(".csv.") || name == "new.csv"));
}
