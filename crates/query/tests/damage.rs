//! One bit that flips in an object: the answer is the same, or there is none.

use std::fs;

use sellerlake_contracts::{Kind, ObjectState};

use crate::fixture::{Lake, ask, orders, path, session, tag};

const ALL: &str = "SELECT order_id, item_price, quantity, purchase_date, local_day FROM orders ORDER BY 1";
const ONE: &str = "SELECT * FROM orders WHERE order_id = '114-0000000-0000777'";

/// A few bits everywhere, each bit of what ends the file, and never the same place twice.
fn flips(length: usize) -> impl Iterator<Item = (usize, u8)> {
    let spread = (0..length).step_by((length / 200).max(1)).map(|at| (at, (at % 8) as u8));
    let end = (length - 100..length).flat_map(|at| [(at, 0), (at, 5)]);
    spread.chain(end)
}

/// What the catalogue would know once it had looked again.
fn as_it_lies(lake: &Lake, object: &ObjectState) -> ObjectState {
    let meta = fs::metadata(lake.file(&object.partition.path())).unwrap();
    ObjectState { etag: Some(tag(&meta)), size_bytes: meta.len(), ..object.clone() }
}

#[tokio::test]
async fn a_flipped_bit_is_seen_wherever_it_is() {
    let mut lake = Lake::new();
    let path = path("A", "2026-01");
    let object = lake.put(&path, &orders(0, 2500));
    let whole = fs::read(lake.file(&path)).unwrap();
    let before = session(&lake, vec![object.clone()]);
    let (all, one) = (ask(&before, ALL).await, ask(&before, ONE).await);
    let mut refused = 0;
    for (at, bit) in flips(whole.len()) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << bit;
        fs::write(lake.file(&path), bytes).unwrap();
        lake.forget();
        let object = as_it_lies(&lake, &object);
        for (statement, expected) in [(ALL, &all), (ONE, &one)] {
            let session = session(&lake, vec![object.clone()]);
            let answer = match session.sql(statement).await {
                Ok(answer) => answer.collect().await,
                Err(error) => Err(error),
            };
            match answer {
                Err(error) => {
                    assert_eq!(error.kind(), Kind::Data, "byte {at}, bit {bit}: {error:?}");
                    assert!(error.to_string().contains(&path), "{error}");
                    assert!(error.remedy().unwrap().contains("verify --repair"), "{error:?}");
                    refused += 1;
                }
                Ok(_) => assert_eq!(&ask(&session, statement).await, expected, "byte {at}, bit {bit}"),
            }
        }
    }
    // A lookup of one row need not read all of the file; whoever reads all of it meets every flip.
    assert!(refused > 500, "{refused}");
}

#[tokio::test]
async fn an_object_in_another_ones_place_is_refused() {
    let lake = Lake::new();
    let (mine, theirs) = (path("A", "2026-01"), path("B", "2026-01"));
    let object = lake.put(&mine, &orders(0, 10));
    lake.put(&theirs, &orders(10, 20));
    let (from, to) = (lake.file(&theirs), lake.file(&mine));
    for way in ["copied", "linked", "linked by name"] {
        fs::remove_file(&to).unwrap();
        match way {
            "copied" => fs::copy(&from, &to).map(drop).unwrap(),
            "linked" => fs::hard_link(&from, &to).unwrap(),
            _ => std::os::unix::fs::symlink(&from, &to).unwrap(),
        }
        let object = as_it_lies(&lake, &object);
        let error = session(&lake, vec![object]).sql(ALL).await.unwrap().collect().await.unwrap_err();
        let said = error.to_string();
        assert!(said.contains("belongs elsewhere") && said.contains(&mine) && said.contains(&theirs), "{said}");
    }
}

/// Objects of the first format say nothing of their bytes: they are read as they are.
#[tokio::test]
async fn what_was_written_before_there_were_seals_is_read() {
    let lake = Lake::new();
    let path = path("A", "2026-01");
    let object = lake.put(&path, &orders(0, 10));
    let bytes = {
        let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), orders(0, 10).schema(), None).unwrap();
        writer.write(&orders(0, 10)).unwrap();
        let pair = parquet::file::metadata::KeyValue::new("sellerlake.format".to_owned(), "1".to_owned());
        writer.append_key_value_metadata(pair);
        writer.into_inner().unwrap()
    };
    fs::write(lake.file(&path), bytes).unwrap();
    let object = as_it_lies(&lake, &object);
    assert_eq!(ask(&session(&lake, vec![object]), "SELECT sum(item_price) FROM orders").await, "50.0000");
}

#[tokio::test]
async fn an_older_version_is_refused_though_its_tag_looks_like_the_present_ones() {
    let mut lake = Lake::new();
    let path = path("A", "2026-01");
    lake.put_version(&path, &orders(0, 10), 1);
    let older = fs::read(lake.file(&path)).unwrap();
    let object = lake.put_version(&path, &orders(0, 20), 2);
    fs::write(lake.file(&path), older).unwrap();
    lake.forget();
    let forged = as_it_lies(&lake, &object);
    for statement in [ALL, ONE, "SELECT count(*) FROM orders"] {
        let error = session(&lake, vec![forged.clone()]).sql(statement).await.unwrap().collect().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Data, "{statement}: {error:?}");
        assert!(error.to_string().contains("an older version"), "{error}");
        assert!(error.remedy().unwrap().contains("verify --repair"), "{error:?}");
    }
}
