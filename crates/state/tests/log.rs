//! What a killed process leaves in SQLite's log is read whole, or it is said that it can't be.

use std::fs;
use std::path::{Path, PathBuf};

use sellerlake_contracts::Kind;
use sellerlake_state::{AlertKind, Condition, DeliveryFilter, ObjectFilter, State};

use crate::lake::{delivery, object};
use crate::{now, seller};

/// A state as a process that was killed after its last commit leaves it; the database itself lags behind.
async fn left_behind(folder: &Path) -> (Vec<u8>, Vec<u8>) {
    let file = folder.join("state.db");
    let state = State::open(file.to_str().unwrap(), now()).await.unwrap();
    for number in 0..6 {
        state.begin_landing(&delivery("s", "A1", &format!("{number}")), now()).await.unwrap();
        state.put_objects(&[object(&format!("tables/t{number}/seller_id=A1/data.parquet"), "h")], now()).await.unwrap();
        let condition = Condition::of_seller(AlertKind::Load, &seller("A1"), format!("{number}"));
        state.raise_alert(&condition, "s", "m", now()).await.unwrap();
    }
    let left = (fs::read(&file).unwrap(), fs::read(folder.join("state.db-wal")).unwrap());
    state.close().await;
    assert!(!folder.join("state.db-wal").exists(), "a state that is closed stands in its own file");
    left
}

fn put(folder: &Path, (database, log): (&[u8], &[u8])) -> PathBuf {
    let file = folder.join("state.db");
    drop(fs::remove_file(folder.join("state.db-shm")));
    fs::write(&file, database).unwrap();
    fs::write(folder.join("state.db-wal"), log).unwrap();
    file
}

async fn said(state: &State) -> String {
    let deliveries = state.deliveries(&DeliveryFilter::default()).await.unwrap();
    let objects = state.objects(&ObjectFilter::default()).await.unwrap();
    format!("{deliveries:?} {objects:?} {:?}", state.alerts(None).await.unwrap())
}

/// Opens a state that was left behind so, to write or to read only; `None` where it is told that its log is damaged.
async fn taken_up(file: &Path, writes: bool) -> Option<String> {
    let url = file.to_str().unwrap();
    let opened = if writes { State::open(url, now()).await } else { State::open_to_read(url).await };
    let state = match opened {
        Ok(state) => state,
        Err(error) => {
            assert_eq!(error.kind(), Kind::Storage, "{error:?}");
            assert!(error.to_string().contains("state.db") && error.remedy().is_some(), "{error:?}");
            return None;
        }
    };
    let said = said(&state).await;
    state.close().await;
    Some(said)
}

#[tokio::test]
async fn no_flipped_bit_takes_a_commit_back_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let (database, log) = left_behind(folder.path()).await;
    let whole = taken_up(&put(folder.path(), (&database, &log)), true).await.unwrap();
    assert_eq!(whole.matches("DeliveryRecord {").count(), 6, "{whole}");
    // The header and what follows it, the last frames, and places in between.
    let end = log.len() - 5000;
    let places = (0..80).step_by(3).chain((end..log.len()).step_by(97)).chain((80..end).step_by(4799));
    let mut told = 0;
    for (turn, at) in places.enumerate() {
        let mut flipped = log.clone();
        flipped[at] ^= 1 << (turn % 8);
        match taken_up(&put(folder.path(), (&database, &flipped)), turn % 3 > 0).await {
            Some(found) => assert_eq!(found, whole, "byte {at}"),
            None => told += 1,
        }
    }
    assert!(told > 50, "{told}");
}

#[tokio::test]
async fn what_was_never_committed_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let (database, log) = left_behind(folder.path()).await;
    let page = 4096 + 24;
    // Half a frame, and a whole one of a transaction that was cut short.
    let half = [&log[..], &log[log.len() - page..log.len() - 900]].concat();
    let mut unfinished = log.clone();
    unfinished.extend_from_within(log.len() - page..);
    let commit = unfinished.len() - page + 4;
    unfinished[commit..commit + 4].fill(0);
    let whole = taken_up(&put(folder.path(), (&database, &log)), true).await.unwrap();
    for left in [half, unfinished] {
        assert_eq!(taken_up(&put(folder.path(), (&database, &left)), true).await.unwrap(), whole);
    }
}
