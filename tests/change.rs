//! Change stops where it stops mattering.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use sellerlake_transforms::Declarations;

use crate::books::load_small_seller;
use crate::site::{Site, text, tree};

/// What is known of every object above the sources: what it was made from, which version stands, and its rows.
struct Standing {
    made_from: BTreeMap<String, String>,
    versions: BTreeMap<String, (u64, std::time::SystemTime)>,
    rows: BTreeMap<String, RecordBatch>,
}

fn standing(site: &Site) -> Standing {
    let catalogue = site.sql("SELECT path, input_hash FROM meta.objects WHERE area <> 'sources'");
    let made_from = catalogue.iter().map(|row| (text(&row["path"]), text(&row["input_hash"]))).collect();
    let mut objects = site.objects("tables");
    objects.extend(site.objects("rollups"));
    let rows = objects.iter().map(|(path, ..)| (path.clone(), read(site, path))).collect();
    let versions = objects.into_iter().map(|(path, inode, at)| (path, (inode, at))).collect();
    Standing { made_from, versions, rows }
}

/// An object's rows, read without sellerlake's own reader.
fn read(site: &Site, path: &str) -> RecordBatch {
    let file = File::open(site.path().join("lake").join(path)).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let schema = reader_schema(&reader);
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

fn reader_schema(reader: &dyn arrow::array::RecordBatchReader) -> arrow::datatypes::SchemaRef {
    reader.schema()
}

/// Keys whose value isn't the same in both, those that only one has included.
fn differing<T: PartialEq>(before: &BTreeMap<String, T>, after: &BTreeMap<String, T>) -> BTreeSet<String> {
    let keys = before.keys().chain(after.keys()).filter(|key| before.get(*key) != after.get(*key));
    keys.cloned().collect()
}

/// The tables of paths: `rollups/daily_sales/seller_id=A1/...` is `daily_sales`.
fn names(paths: &BTreeSet<String>) -> BTreeSet<&str> {
    paths.iter().filter_map(|path| path.split('/').nth(1)).collect()
}

/// Checks what a run said it did against what it did; returns what was computed and what was rewritten.
fn account(before: &Standing, after: &Standing, words: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let computed = differing(&before.made_from, &after.made_from);
    let rewritten = differing(&before.versions, &after.versions);
    assert_eq!(
        rewritten,
        differing(&before.rows, &after.rows),
        "rewritten is what came out different, and nothing else"
    );
    let said = format!("{} partitions computed, {} came out different", computed.len(), rewritten.len());
    assert!(words.contains(&said), "expected {said}:\n{words}");
    (computed, rewritten)
}

/// Nothing was computed but what reads the source that changed, or what changed because of it.
fn assert_only_readers(computed: &BTreeSet<String>, source: &str, rewritten: &BTreeSet<String>) {
    let declarations = Declarations::load(None).unwrap();
    let mut changed = names(rewritten);
    changed.insert(source);
    let reads = |name: &&str| declarations.stages[*name].reads.keys().any(|input| changed.contains(input.as_str()));
    let idle: Vec<&str> = names(computed).into_iter().filter(|name| !reads(name)).collect();
    assert!(idle.is_empty(), "{idle:?} read nothing that changed");
}

fn paths(expected: &[&str]) -> BTreeSet<String> {
    expected.iter().map(|path| path.replace("A1", "seller_id=A1")).collect()
}

#[test]
fn a_changed_cost_rewrites_only_what_it_changes() {
    let site = Site::new();
    load_small_seller(&site, false);
    let before = standing(&site);
    assert!(before.versions.keys().filter(|path| path.contains("/daily_profit/")).count() >= 3, "there is a past");

    // A unit sold in the United States from 10 March on costs ten cents more: one month of sales has such days.
    let header = "sku,marketplace_id,valid_from,unit_cost,currency\n";
    let dearer = site.file("dearer.csv", format!("{header}MUG-1,,2026-03-10,5.60,USD\n"));
    let words = site.ingest("cost_list", &dearer, &["--as-of", "2026-05-01"]);
    let after = standing(&site);
    let (computed, rewritten) = account(&before, &after, &words);
    assert!(names(&computed).is_superset(&["costs", "daily_profit"].into()), "{computed:?}");
    assert_only_readers(&computed, "cost_list", &rewritten);
    let expected = ["tables/costs/A1/data.parquet", "rollups/daily_profit/A1/month=2026-03/data.parquet"];
    assert!(rewritten.is_superset(&paths(&expected)), "{rewritten:?}");
    assert!(rewritten.iter().all(|path| !path.contains("month=") || path.contains("month=2026-03")), "{rewritten:?}");

    // The cost of what was never sold changes the list, and no profit.
    let unsold = site.file("unsold.csv", format!("{header}NEVER-SOLD,,2026-01-01,1.00,USD\n"));
    let words = site.ingest("cost_list", &unsold, &["--as-of", "2026-05-02"]);
    let (computed, rewritten) = account(&after, &standing(&site), &words);
    assert_eq!(names(&computed), ["costs", "daily_profit"].into());
    assert_eq!(rewritten, paths(&["tables/costs/A1/data.parquet"]));

    // The same list again, told later, changes nothing.
    let before = standing(&site);
    let words = site.ingest("cost_list", &unsold, &["--as-of", "2026-05-03"]);
    let (computed, _) = account(&before, &standing(&site), &words);
    assert!(computed.is_empty(), "{computed:?}");
}

#[test]
fn pulling_unchanged_orders_again_rewrites_no_table() {
    let site = Site::new();
    load_small_seller(&site, false);
    let before = standing(&site);
    let (sources, raw) = (site.objects("sources/all_orders"), site.objects("raw").len());

    let orders = std::fs::read_to_string(tree().join("tests/cases/pnl/all_orders.tsv")).unwrap();
    let again = site.file("again.tsv", &orders);
    let words = site.ingest("all_orders", &again, &["--as-of", "2026-06-01"]);
    assert!(words.contains("0 added"), "{words}");
    let (computed, rewritten) = account(&before, &standing(&site), &words);
    assert!(computed.is_empty() && rewritten.is_empty(), "{computed:?} {rewritten:?}");
    assert_ne!(site.objects("sources/all_orders"), sources, "the sources say which delivery stands");
    assert!(site.objects("raw").len() > raw, "and it landed");

    // The very same delivery once more: not even the sources.
    let sources = site.objects("sources");
    let words = site.ingest("all_orders", &again, &["--as-of", "2026-06-01"]);
    assert!(words.contains("0 added, 0 replaced") && words.contains("partitions touched: 0"), "{words}");
    assert_eq!(site.objects("sources"), sources);

    // In another order of lines, with other line ends: the same facts.
    let mut lines: Vec<&str> = orders.lines().collect();
    lines[1..].reverse();
    let turned = site.file("turned.tsv", lines.join("\r\n"));
    let words = site.ingest("all_orders", &turned, &["--as-of", "2026-06-02"]);
    let (computed, _) = account(&before, &standing(&site), &words);
    assert!(computed.is_empty(), "{computed:?}");

    // An older pull arriving late changes nothing at all.
    let sources = site.objects("sources");
    let words = site.ingest("all_orders", &again, &["--as-of", "2026-05-31"]);
    assert!(words.contains("partitions touched: 0"), "{words}");
    account(&before, &standing(&site), &words);
    assert_eq!(site.objects("sources"), sources);
}

#[test]
fn losing_the_catalogue_costs_one_rebuild_that_rewrites_nothing() {
    let site = Site::new();
    load_small_seller(&site, false);
    let before = standing(&site);
    let everything = || ["raw", "sources", "tables", "rollups", "rejects"].map(|area| site.objects(area));
    let objects = everything();
    let sales = "SELECT sum(units) AS units FROM daily_sales";
    let units = site.value(sales);

    let lose = || {
        for file in ["state.db", "state.db-wal", "state.db-shm"] {
            let path = site.path().join(file);
            assert!(!path.exists() || std::fs::remove_file(path).is_ok());
        }
    };
    lose();
    let words = site.ok(&["verify", "--repair"]);
    assert!(words.contains("0 came out different"), "{words}");
    assert!(words.contains("everything is as it should be"), "{words}");
    assert!(everything() == objects, "no object is another than before");
    let after = standing(&site);
    assert!(differing(&before.made_from, &after.made_from).is_empty(), "the catalogue is what it was");
    assert_eq!(site.value("SELECT count(*) AS n FROM meta.deliveries"), (objects[0].len() / 2).to_string());

    // Whoever doesn't know that it was lost gets the same answers, and builds the same tables.
    lose();
    assert_eq!(site.value(sales), units);
    lose();
    let orders = tree().join("tests/cases/pnl/all_orders.tsv");
    let words = site.ingest("all_orders", &orders, &["--as-of", "2026-04-01"]);
    assert!(words.contains("0 added, 0 replaced") && words.contains("0 came out different"), "{words}");
    assert!(everything() == objects, "no object is another than before");
}

/// Two tables of a user's own: one that divides, and a rollup that reads it.
fn dividing() -> Site {
    let site = Site::with_settings("declarations = \"own\"\n");
    site.file(
        "own/schemas/sources/loads.toml",
        "version = 1\ndoc = \"Loads.\"\nformat = \"csv\"\nscope = \"account\"\nunit = { columns = [\"load_id\"] }\n\
         month = \"day\"\n[columns]\nload_id = { type = \"text\", required = true, doc = \"Id.\" }\n\
         day = { type = \"date\", required = true, doc = \"Day.\" }\n\
         weight = { type = \"int\", doc = \"Kilograms.\" }\nparcels = { type = \"int\", doc = \"Parcels.\" }\n",
    );
    site.file(
        "own/schemas/tables/load_shares.toml",
        "version = 1\ndoc = \"Weight of a parcel.\"\ngrain = \"month\"\nsort = [\"load_id\"]\n[columns]\n\
         load_id = { type = \"text\", required = true, doc = \"Id.\" }\n\
         share = { type = \"int\", doc = \"Kilograms.\" }\n",
    );
    site.file(
        "own/schemas/tables/load_totals.toml",
        "version = 1\ndoc = \"All shares.\"\ngrain = \"none\"\nsort = [\"loads\"]\n[columns]\n\
         loads = { type = \"int\", doc = \"How many.\" }\nshares = { type = \"int\", doc = \"Their sum.\" }\n",
    );
    site.file(
        "own/transforms/rollups/load_totals.sql",
        "/*\ndoc = \"Sums.\"\n[reads]\nload_shares = \"all\"\n*/\n\
         SELECT count(*) AS loads, sum(share) AS shares FROM load_shares",
    );
    select(&site, "load_id, weight / parcels AS share");
    site
}

fn select(site: &Site, columns: &str) {
    let sql = format!("/*\ndoc = \"Divides.\"\n[reads]\nloads = \"0\"\n*/\nSELECT {columns} FROM loads");
    site.file("own/transforms/tables/load_shares.sql", sql);
}

const LOADS: &str = "load_id,day,weight,parcels\nL1,2026-01-05,10,2\nL2,2026-02-05,12,3\n";

fn try_ingest(site: &Site, sheet: &str, as_of: &str) -> (Option<i32>, String) {
    let file = site.file("loads.csv", sheet).display().to_string();
    let output = site.run(&["ingest", "--source", "loads", "--seller", "A1", "--as-of", as_of, &file]);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_stage_that_fails_keeps_its_object_and_recovers() {
    let site = dividing();
    site.ingest("cost_list", &tree().join("tests/cases/pnl/cost_list.csv"), &["--as-of", "2026-01-01"]);
    let (code, words) = try_ingest(&site, LOADS, "2026-03-01");
    assert_eq!(code, Some(0), "{words}");
    let before = standing(&site);
    let totals = "SELECT loads, shares FROM load_totals";
    assert_eq!(site.sql(totals)[0]["shares"], 9);

    // A load without parcels breaks February; January, and what is made from both, go on.
    let worse = "load_id,day,weight,parcels\nL1,2026-01-05,20,2\nL2,2026-02-05,12,0\n";
    let (code, words) = try_ingest(&site, worse, "2026-03-02");
    assert_eq!(code, Some(3), "{words}");
    let february = "tables/load_shares/seller_id=A1/month=2026-02/data.parquet";
    assert!(words.contains(&format!("failed, the earlier object stands: {february}: ")), "{words}");
    assert!(words.to_lowercase().contains("divide by zero"), "{words}");
    let after = standing(&site);
    let changed = paths(&["tables/load_shares/A1/month=2026-01/data.parquet", "rollups/load_totals/A1/data.parquet"]);
    assert_eq!(differing(&before.versions, &after.versions), changed);
    assert_eq!(site.sql(totals)[0]["shares"], 14, "ten of January as it is, four of February as it was");
    let alerts = site.sql("SELECT severity, subject, message, seller_id FROM meta.alerts WHERE state = 'firing'");
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!((text(&alerts[0]["severity"]), text(&alerts[0]["subject"])), ("error".into(), february.into()));
    assert_eq!(text(&alerts[0]["seller_id"]), "A1");
    assert!(text(&alerts[0]["message"]).to_lowercase().contains("divide by zero"));

    // It stays stale and is tried again, until somebody mends it.
    let output = site.run(&["rollup"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(standing(&site).versions, after.versions);
    select(&site, "load_id, CASE WHEN parcels > 0 THEN weight / parcels END AS share");
    let words = site.ok(&["rollup"]);
    account(&after, &standing(&site), &words);
    assert_eq!(site.sql(totals)[0]["shares"], 10);
    assert_eq!(site.value("SELECT count(*) AS n FROM meta.alerts WHERE state = 'firing'"), "0");
    assert!(site.ok(&["verify"]).contains("everything is as it should be"));
}

#[test]
fn a_required_value_that_is_missing_and_a_check_that_blocks_do_the_same() {
    let site = dividing();
    site.file(
        "own/transforms/checks/load_shares__light.sql",
        "/*\ninto = \"load_shares\"\nseverity = \"block\"\ndoc = \"Nobody carries more than 50.\"\n*/\n\
         SELECT * FROM load_shares WHERE share > 50",
    );
    let (code, words) = try_ingest(&site, LOADS, "2026-03-01");
    assert_eq!(code, Some(0), "{words}");
    let before = standing(&site);
    let (code, words) = try_ingest(&site, &LOADS.replace("12,3", "120,2"), "2026-03-02");
    assert_eq!(code, Some(3), "{words}");
    assert!(words.contains("load_shares__light") && words.contains("Nobody carries more than 50."), "{words}");
    assert_eq!(standing(&site).versions, before.versions);
    assert_eq!(site.value("SELECT count(*) AS n FROM meta.alerts WHERE state = 'firing'"), "1");

    // Mended in the data this time.
    let (code, words) = try_ingest(&site, &LOADS.replace("12,3", "120,3"), "2026-03-03");
    assert_eq!(code, Some(0), "{words}");
    assert_eq!(site.value("SELECT shares AS n FROM load_totals"), "45");
    assert_eq!(site.value("SELECT count(*) AS n FROM meta.alerts WHERE state = 'firing'"), "0");

    // A value that is declared as required and isn't there; January has it.
    select(&site, "CASE WHEN weight < 100 THEN load_id END AS load_id, weight AS share");
    let output = site.run(&["rollup"]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains("1 of 1 rows have no \"load_id\""), "{words}");
    assert!(
        words.contains("month=2026-02") && words.contains("2 partitions computed, 2 came out different"),
        "{words}"
    );
    assert_eq!(
        site.value("SELECT shares AS n FROM load_totals"),
        "50",
        "ten of January anew, forty of February as it was"
    );
}
