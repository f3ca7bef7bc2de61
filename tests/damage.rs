//! What is damaged, or lies where it doesn't belong, is told and made again; where it can't be, it stays refused.

use std::path::Path;

use sellerlake_contracts::Partition;
use sellerlake_state::State;

use crate::bad_input::{orders, standing};
use crate::desk::words;
use crate::site::{Site, text};

/// Overwrites everything in a Parquet file but its head and its footer.
fn scramble_pages(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let tail = bytes.len() - 8;
    let footer = u32::from_le_bytes(bytes[tail..tail + 4].try_into().unwrap()) as usize;
    bytes[4..tail - footer].iter_mut().for_each(|byte| *byte ^= 0x5a);
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn damaged_pages_behind_a_sound_footer_are_made_again() {
    let site = standing();
    let contents = "SELECT (SELECT sum(units) FROM order_items) AS units, (SELECT sum(gross_sales) FROM daily_sales)
                    AS sales, (SELECT max(amazon_order_id) FROM orders) AS orders,
                    (SELECT max(sku) FROM sources.all_orders) AS last";
    let answer = site.sql(contents);
    for area in ["tables/orders", "rollups/daily_sales", "sources/all_orders"] {
        let path = site.objects(area).remove(0).0;
        scramble_pages(&site.path().join("lake").join(&path));
        let output = site.run(&["verify"]);
        let complaints = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(3), "{path}: {complaints}");
        assert!(complaints.starts_with(&format!("{path}: ")), "{complaints}");
        let words = site.ok(&["verify", "--repair"]);
        assert!(words.contains("1 of them can't be read; made again where possible"), "{path}: {words}");
        assert!(words.contains("everything is as it should be"), "{path}: {words}");
        assert_eq!(site.sql(contents), answer, "{path}");
    }
}

#[test]
fn damaged_raw_is_told_and_the_rest_goes_on() {
    let site = standing();
    let rows = "SELECT (SELECT count(*) FROM order_items) AS items, (SELECT count(*) FROM sources.all_orders) AS rows";
    let answer = site.sql(rows);
    let raw: Vec<String> = site.objects("raw").into_iter().map(|(path, ..)| path).collect();
    for path in raw {
        let file = site.path().join("lake").join(&path);
        let whole = std::fs::read(&file).unwrap();
        let mut other = whole.clone();
        // A digit of an amount or of the metadata's own hash: what is left can be read.
        let at = other.iter().rposition(u8::is_ascii_digit).unwrap();
        other[at] ^= 1;
        for content in [&b"{"[..], &other] {
            std::fs::write(&file, content).unwrap();
            for arguments in [&["verify", "--repair"][..], &["verify"], &["replay"]] {
                let output = site.run(arguments);
                let told = String::from_utf8(output.stdout).unwrap();
                assert_eq!(output.status.code(), Some(3), "{arguments:?} {path}: {told}");
                assert!(told.contains(&path) && told.contains("restore the file"), "{arguments:?}: {told}");
                assert_eq!(site.sql(rows), answer, "{arguments:?} {path}");
            }
        }
        std::fs::write(&file, whole).unwrap();
        assert!(site.ok(&["verify"]).contains("everything is as it should be"));
    }
}

#[test]
fn a_damaged_object_stays_damaged_where_raw_is_damaged_too() {
    let site = standing();
    let raw = site.objects("raw").into_iter().find(|(path, ..)| !path.ends_with(".meta.json")).unwrap().0;
    site.file(&format!("lake/{raw}"), "not what was landed");
    let path = site.objects("sources/all_orders").remove(0).0;
    scramble_pages(&site.path().join("lake").join(&path));
    let output = site.run(&["verify", "--repair"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains(&path) && told.contains(&raw), "{told}");
    let output = site.run(&["sql", "SELECT * FROM sources.all_orders"]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && words.contains(&path), "{words}");
}

#[test]
fn an_object_in_another_sellers_folder_is_refused() {
    for way in ["copied", "linked", "linked by name"] {
        let site = standing();
        let file = orders();
        site.ok(&["ingest", "--source", "all_orders", "--seller", "B2", file.to_str().unwrap()]);
        let lake = site.path().join("lake");
        for area in ["sources/all_orders", "tables/orders", "rollups/daily_sales"] {
            let theirs = site.objects(area).into_iter().find(|(path, ..)| path.contains("seller_id=B2")).unwrap().0;
            let mine = theirs.replace("seller_id=B2", "seller_id=A1");
            let (from, to) = (lake.join(&theirs), lake.join(&mine));
            let before = std::fs::read(&from).unwrap();
            std::fs::remove_file(&to).unwrap();
            match way {
                "copied" => std::fs::copy(&from, &to).map(drop).unwrap(),
                "linked" => std::fs::hard_link(&from, &to).unwrap(),
                _ => std::os::unix::fs::symlink(&from, &to).unwrap(),
            }
            let name = area.replace("tables/", "").replace("rollups/", "").replace('/', ".");
            let output = site.run(&["sql", "--seller", "A1", &format!("SELECT * FROM {name}")]);
            let words = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{way} {mine}: {words}");
            assert!(words.contains("belongs elsewhere") && words.contains(&mine), "{way}: {words}");
            let output = site.run(&["verify"]);
            let told = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.code() == Some(3) && told.contains(&mine), "{way}: {told}");
            assert!(site.ok(&["verify", "--repair"]).contains("everything is as it should be"), "{way} {mine}");
            assert_eq!(std::fs::read(&from).unwrap(), before, "{way}: the other one is left alone");
        }
    }
}

/// Orders of two files, the later one with more of them; what stood before it came is kept.
fn grown() -> (Site, Vec<(String, Vec<u8>)>) {
    let site = standing();
    let lake = site.path().join("lake");
    let objects =
        ["sources/all_orders", "tables/orders", "rollups/daily_sales"].map(|area| site.objects(area).remove(0));
    let older = objects.map(|(path, ..)| (path.clone(), std::fs::read(lake.join(&path)).unwrap()));
    let more = std::fs::read_to_string(orders()).unwrap().replace("114-", "115-");
    site.ingest("all_orders", &site.file("more.tsv", more), &[]);
    (site, older.into())
}

/// Every row of what is read, what it adds up to, and how many there are.
const CONTENTS: [&str; 3] = [
    "SELECT * FROM sources.all_orders ORDER BY 1",
    "SELECT * FROM orders ORDER BY 1",
    "SELECT d.*, (SELECT count(*) FROM orders) AS counted FROM daily_sales d ORDER BY 1",
];

fn contents(site: &Site) -> Vec<Vec<String>> {
    let answer = |statement: &&str| {
        let output = site.run(&["sql", "--format", "csv", statement]);
        assert!(output.status.success(), "{statement}: {}", words(&output));
        let mut lines: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    CONTENTS.iter().map(answer).collect()
}

/// Nobody takes what stands there for what was written: reads and further loads say so, and `verify --repair` makes it again.
fn assert_told_and_made_again(site: &Site, path: &str, way: &str, answers: &[Vec<String>]) {
    let told = |arguments: &[&str], codes: &[i32]| {
        let output = site.run(arguments);
        let said = words(&output) + &String::from_utf8_lossy(&output.stdout);
        assert!(codes.contains(&output.status.code().unwrap()), "{way} {path} {arguments:?}: {said}");
        assert!(said.contains(path) && said.contains("verify --repair"), "{way} {arguments:?}: {said}");
    };
    let name = path.split('/').take(2).collect::<Vec<_>>().join(".");
    let name = name.replace("tables.", "").replace("rollups.", "");
    // Twice: what looks at it mustn't make it right.
    for _ in 0..2 {
        told(&["sql", &format!("SELECT * FROM {name}")], &[1]);
        told(&["sql", &format!("SELECT count(*) FROM {name}")], &[1]);
        told(&["verify"], &[3]);
    }
    if path.starts_with("sources") {
        told(&["ingest", "--source", "all_orders", "--seller", "A1", &orders().display().to_string()], &[1]);
    } else {
        site.ok(&["rollup"]);
    }
    told(&["verify"], &[3]);
    let done = site.ok(&["verify", "--repair"]);
    assert!(done.contains("everything is as it should be"), "{way} {path}: {done}");
    assert_eq!(contents(site), answers, "{way} {path}");
}

#[test]
fn an_older_version_put_back_is_damage_and_made_again() {
    let (site, older) = grown();
    let answers = contents(&site);
    for (path, bytes) in older {
        let file = site.path().join("lake").join(&path);
        for way in ["written over", "put in its place"] {
            if way == "put in its place" {
                std::fs::remove_file(&file).unwrap();
            }
            std::fs::write(&file, &bytes).unwrap();
            assert_told_and_made_again(&site, &path, way, &answers);
        }
    }
}

#[test]
fn an_object_that_is_gone_is_damage_and_made_again() {
    let (site, older) = grown();
    let answers = contents(&site);
    for (path, _) in older {
        std::fs::remove_file(site.path().join("lake").join(&path)).unwrap();
        assert_told_and_made_again(&site, &path, "gone", &answers);
    }
}

#[test]
fn a_lake_that_was_copied_is_the_same_lake() {
    let (site, _) = grown();
    let answers = contents(&site);
    for (path, ..) in site.objects("") {
        let file = site.path().join("lake").join(&path);
        let bytes = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, bytes).unwrap();
    }
    assert_eq!(contents(&site), answers);
    site.ingest("all_orders", &orders(), &[]);
    assert!(site.ok(&["verify", "--repair"]).contains("everything is as it should be"));
    assert_eq!(contents(&site), answers);
}

/// Runs it, and insists on exit code 3 and on these words.
fn told(site: &Site, arguments: &[&str], expected: &[&str]) {
    let output = site.run(arguments);
    let said = words(&output) + &String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
    for words in expected {
        assert!(said.contains(words), "{arguments:?}: {words:?} isn't in {said}");
    }
}

#[test]
fn a_document_that_is_lost_is_told_and_its_rows_stay() {
    let (site, _) = grown();
    let answers = contents(&site);
    let metas: Vec<String> =
        site.objects("raw").into_iter().map(|(path, ..)| path).filter(|path| path.ends_with(".meta.json")).collect();
    let bytes_of = |meta: &str| {
        let stem = meta.strip_suffix("meta.json").unwrap();
        site.objects("raw")
            .into_iter()
            .map(|(path, ..)| path)
            .find(|path| path != meta && path.starts_with(stem))
            .unwrap()
    };
    let lake = site.path().join("lake");
    let bytes = bytes_of(&metas[0]);
    for lost in [vec![&metas[0]], vec![&bytes], vec![&metas[0], &bytes]] {
        let kept: Vec<Vec<u8>> = lost.iter().map(|path| std::fs::read(lake.join(path)).unwrap()).collect();
        lost.iter().for_each(|path| std::fs::remove_file(lake.join(path)).unwrap());
        let named = lost.last().unwrap().as_str();
        for _ in 0..2 {
            for arguments in [&["verify"][..], &["replay"], &["verify", "--repair"]] {
                told(&site, arguments, &[named, "restore the file"]);
                assert_eq!(contents(&site), answers, "{lost:?} {arguments:?}");
            }
        }
        assert_eq!(site.value("SELECT count(*) FROM meta.deliveries"), "2");
        // What can't be made again in full isn't made again from the rest.
        let object = site.objects("sources/all_orders").remove(0).0;
        let whole = std::fs::read(lake.join(&object)).unwrap();
        std::fs::remove_file(lake.join(&object)).unwrap();
        told(&site, &["verify", "--repair"], &[named, &object]);
        assert_eq!(site.run(&["sql", CONTENTS[0]]).status.code(), Some(1), "{lost:?}");
        std::fs::write(lake.join(&object), whole).unwrap();
        for (path, bytes) in lost.iter().zip(kept) {
            std::fs::write(lake.join(path), bytes).unwrap();
        }
        assert!(site.ok(&["verify", "--repair"]).contains("everything is as it should be"), "{lost:?}");
        assert_eq!(contents(&site), answers, "{lost:?}");
    }
    // A lake whose state was lost as well.
    std::fs::remove_file(site.path().join("state.db")).unwrap();
    std::fs::remove_file(lake.join(&metas[0])).unwrap();
    site.ok(&["rollup"]);
    told(&site, &["verify"], &[&bytes, "restore the file"]);
}

#[test]
fn what_is_taken_back_without_its_metadata_leaves_what_it_replaced() {
    let site = Site::new();
    let list =
        |cost: &str| site.file("costs.csv", format!("sku,valid_from,unit_cost,currency\nMUG,2026-01-01,{cost},USD\n"));
    site.ingest("cost_list", &list("4.00"), &["--as-of", "2026-02-01"]);
    site.ingest("cost_list", &list("9.00"), &["--as-of", "2026-02-02"]);
    let wrong =
        site.sql("SELECT delivery_id, data_path FROM meta.deliveries WHERE as_of > TIMESTAMP '2026-02-01T12:00:00Z'");
    let bytes = text(&wrong[0]["data_path"]);
    let meta = format!("{}.meta.json", bytes.split_once('.').unwrap().0);
    std::fs::remove_file(site.path().join("lake").join(meta)).unwrap();
    site.ok(&["withdraw", &text(&wrong[0]["delivery_id"]), "--yes"]);
    assert_eq!(site.value("SELECT unit_cost FROM costs"), "4.0000");
    assert!(site.ok(&["verify"]).contains("everything is as it should be"));
}

/// An object and all the catalogue says of it are gone, so that neither misses the other.
#[test]
fn units_of_a_loaded_delivery_that_stand_nowhere_are_told_and_made_again() {
    let (site, _) = grown();
    let answers = contents(&site);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (path, ..) in site.objects("sources/all_orders") {
        std::fs::remove_file(site.path().join("lake").join(&path)).unwrap();
        let file = site.path().join("state.db").display().to_string();
        runtime.block_on(async {
            let state = State::open(&file, std::time::SystemTime::now().into()).await.unwrap();
            assert!(state.remove_object(&Partition::parse(&path).unwrap()).await.unwrap());
            state.close().await;
        });
        told(&site, &["verify"], &["raw/all_orders/", "of its units stand nowhere"]);
        assert!(site.ok(&["verify", "--repair"]).contains("everything is as it should be"), "{path}");
        assert_eq!(contents(&site), answers, "{path}");
    }
}

#[test]
fn a_delivery_that_another_has_replaced_is_not_missed() {
    let site = standing();
    // The same orders; equal versions, of which the one that was fetched later stands.
    let newer = std::fs::read_to_string(orders()).unwrap().replace("Shipped", "Cancelled");
    site.ingest("all_orders", &site.file("newer.tsv", newer), &[]);
    assert!(site.ok(&["verify"]).contains("everything is as it should be"));
}

#[test]
fn tables_behind_their_source_are_told() {
    let site = standing();
    let more = std::fs::read_to_string(orders()).unwrap().replace("114-", "115-");
    let more = site.file("more.tsv", more);
    let says = |statement: &str| words(&site.run(&["sql", statement]));
    let behind = "not made from all that is loaded";
    assert_eq!(says("SELECT * FROM orders"), "");
    for way in ["left out", "killed"] {
        let file = more.display().to_string();
        let mut ingest = vec!["ingest", "--source", "all_orders", "--seller", "A1"];
        if way == "left out" {
            ingest.push("--no-rollup");
        }
        ingest.push(&file);
        let mut command = site.command(&ingest);
        if way == "killed" {
            let newest = std::fs::read_to_string(orders()).unwrap().replace("114-", "116-");
            std::fs::write(&more, newest).unwrap();
            command.env("SELLERLAKE_FAILPOINT", "stage.built");
        }
        assert_eq!(command.output().unwrap().status.success(), way == "left out");
        for (statement, table) in [
            ("SELECT count(*) FROM orders", "orders"),
            ("WITH o AS (SELECT * FROM lake.order_items) SELECT * FROM o", "order_items"),
            ("EXPLAIN SELECT * FROM sources.all_orders s JOIN daily_sales d ON d.sku = s.sku", "daily_sales"),
        ] {
            let words = says(statement);
            assert!(words.contains(&format!("{behind} yet: {table}; run")), "{way} {statement}: {words}");
        }
        assert_eq!(says("SELECT * FROM sources.all_orders"), "", "{way}");
        assert_eq!(says("SELECT * FROM marketplaces"), "", "{way}");
        told(&site, &["verify"], &["tables/orders/seller_id=A1: ", "rollups/daily_sales/seller_id=A1: ", behind]);
        assert!(site.ok(&["verify", "--repair"]).contains("everything is as it should be"), "{way}");
        assert_eq!(says("SELECT * FROM daily_sales"), "", "{way}");
    }
}
