//! What is damaged, or lies where it doesn't belong, is told and made again; where it can't be, it stays refused.

use std::path::Path;

use crate::bad_input::{orders, standing};

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
