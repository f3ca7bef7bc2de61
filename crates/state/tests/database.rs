//! Opening, closing, waiting for each other, and saying what is wrong.

use std::collections::{BTreeMap, BTreeSet};

use sellerlake_contracts::Kind;
use sellerlake_state::{AlertKind, Condition, DeliveryFilter, ObjectFilter, State};

use crate::lake::{delivery, object};
use crate::place::{Place, on_both};
use crate::{account, now, seller};

on_both! {
    what_was_said_is_there_after_reopening,
    writers_wait_for_each_other,
    many_may_open_a_new_database_at_once,
    a_newer_database_is_refused,
    a_database_of_the_first_version_is_brought_up_to_date,
    a_row_says_whom_it_concerns,
}

async fn what_was_said_is_there_after_reopening(place: Place) {
    let state = place.open().await;
    state.begin_landing(&delivery("a", "A1", "1"), now()).await.unwrap();
    state.close().await;
    let again = place.open().await;
    assert_eq!(again.deliveries(&DeliveryFilter::default()).await.unwrap().len(), 1);
}

/// Each `State` has its own connections, as each process has.
async fn writers_wait_for_each_other(place: Place) {
    let first = place.open().await;
    let mut tasks = Vec::new();
    for writer in 0..4 {
        let state = place.open().await;
        tasks.push(tokio::spawn(async move {
            for step in 0..25 {
                let mut mine = vec![
                    object(&format!("tables/t{writer}/seller_id=A{step}/data.parquet"), "h"),
                    object("tables/both/seller_id=A1/data.parquet", "h"),
                    object("tables/each/seller_id=A1/data.parquet", "h"),
                ];
                // In an order of its own, which two transactions under way together would not survive.
                mine.rotate_left(writer % 3);
                state.put_objects(&mine, now()).await.unwrap();
                state.begin_landing(&delivery("s", "A1", &format!("{step}")), now()).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(first.objects(&ObjectFilter::default()).await.unwrap().len(), 102);
    assert_eq!(first.deliveries(&DeliveryFilter::default()).await.unwrap().len(), 25);
}

async fn many_may_open_a_new_database_at_once(place: Place) {
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let url = place.url.clone();
            tokio::spawn(async move { State::open(&url, now()).await })
        })
        .collect();
    for opened in opening {
        opened.await.unwrap().unwrap();
    }
}

async fn a_newer_database_is_refused(place: Place) {
    place.open().await.close().await;
    let future = "INSERT INTO migrations (number, name, applied_at) VALUES (99, 'future', 0)";
    if place.url.starts_with("sqlite") {
        let pool = sqlx::SqlitePool::connect(&place.url).await.unwrap();
        sqlx::query(future).execute(&pool).await.unwrap();
        pool.close().await;
    } else {
        let pool = sqlx::PgPool::connect(&place.url).await.unwrap();
        sqlx::query(future).execute(&pool).await.unwrap();
        pool.close().await;
    }
    let error = State::open(&place.url, now()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Storage);
    assert!(error.to_string().contains("newer sellerlake"), "{error}");
}

async fn a_database_of_the_first_version_is_brought_up_to_date(place: Place) {
    let before = "CREATE TABLE migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL);
        INSERT INTO migrations (number, name, applied_at) VALUES (1, '0001_lake', 0);
        INSERT INTO alarms (id, raised_at, updated_at, severity, subject, message) VALUES
            ('account:A1-na', 1, 2, 'error', 'account A1-na', 'm'),
            ('pull:A1-na:orders:ATVPDKIKX0DER', 1, 2, 'error', 'A1-na orders ATVPDKIKX0DER', 'm'),
            ('load:0123', 1, 2, 'error', 'sources/fba_returns/seller_id=A1', 'm'),
            ('held:fba_returns:A1:0123', 1, 2, 'error', 'sources/fba_returns/seller_id=A1', 'm'),
            ('drift:fba_returns:A1', 1, 2, 'warning', 'sources/fba_returns/seller_id=A1', 'm'),
            ('marketplace:A1:AX', 1, 2, 'warning', 'sources/fba_returns/seller_id=A1', 'm'),
            ('stage:tables/orders/seller_id=A1/data.parquet', 1, 2, 'error', 'tables/orders/seller_id=A1/data.parquet', 'm');";
    if let Some(path) = place.url.strip_prefix("sqlite://") {
        std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::raw_sql(include_str!("../migrations/sqlite/0001_lake.sql")).execute(&pool).await.unwrap();
        sqlx::raw_sql(before).execute(&pool).await.unwrap();
        pool.close().await;
    } else {
        let pool = sqlx::PgPool::connect(&place.url).await.unwrap();
        sqlx::raw_sql(include_str!("../migrations/postgres/0001_lake.sql")).execute(&pool).await.unwrap();
        sqlx::raw_sql(before).execute(&pool).await.unwrap();
        pool.close().await;
    }
    let state = place.open().await;
    let (seller, account) = (seller("A1"), account());
    let of_seller = |kind, about: &str| Condition::of_seller(kind, &seller, about);
    let known = [
        Condition::of_account(AlertKind::Account, &account, ""),
        Condition::of_account(AlertKind::Slice, &account, "orders:ATVPDKIKX0DER"),
        of_seller(AlertKind::Load, "0123"),
        of_seller(AlertKind::HeldBack, "fba_returns:0123"),
        of_seller(AlertKind::Drift, "fba_returns"),
        of_seller(AlertKind::Marketplace, "AX"),
        of_seller(AlertKind::Stage, "tables/orders/seller_id=A1/data.parquet"),
    ];
    assert_eq!(state.alerts(None).await.unwrap().len(), known.len());
    for condition in known {
        assert!(state.resolve_alert(&condition, now()).await.unwrap(), "{condition:?}");
    }
    state.begin_run(None, "ingest", now()).await.unwrap();
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_damage_with_its_place() {
    let place = Place::sqlite();
    let state = place.open().await;
    state.begin_landing(&delivery("s", "A1", "1"), now()).await.unwrap();
    let pool = sqlx::SqlitePool::connect(&place.url).await.unwrap();
    for damage in ["size_bytes = -1", "status = 'lost'", "seller = ''", "id = 'nonsense'"] {
        sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE deliveries SET {damage}"))).execute(&pool).await.unwrap();
        let error = state.deliveries(&DeliveryFilter::default()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Storage, "{damage}: {error:?}");
        let words = format!("{error:#}");
        assert!(words.contains("state.db") && words.contains("makes no sense"), "{damage}: {words}");
        assert!(error.remedy().is_some_and(|remedy| remedy.contains("backup")), "{damage}");
    }
    pool.close().await;
}

#[tokio::test]
async fn connections_that_a_server_closed_are_made_again() {
    let Some(place) = Place::postgres().await else { return };
    let state = place.open().await;
    let condition = Condition::of_seller(AlertKind::Load, &seller("A1"), "a");
    state.raise_alert(&condition, "s", "m", now()).await.unwrap();
    let pool = sqlx::PgPool::connect(&place.url).await.unwrap();
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::raw_sql(others).execute(&pool).await.unwrap();
    assert_eq!(state.alerts(None).await.unwrap().len(), 1);
    assert!(state.resolve_alert(&condition, now()).await.unwrap());
}

#[tokio::test]
async fn an_unusable_place_is_named() {
    for url in ["", "sqlite::memory:", "mysql://host/x", "sqlite://x.db?mode=ro"] {
        let error = State::open(url, now()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Usage, "{url}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    std::fs::write(&file, "this is no database, but long enough to be looked at as one".repeat(20)).unwrap();
    let error = State::open(file.to_str().unwrap(), now()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Storage);
    assert!(error.to_string().contains("damaged"), "{error:?}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named_without_its_password() {
    let Some(place) = Place::postgres().await else { return };
    let url = place.url.replace("sellerlake@", "sellerlake:geheim@").replace("/test_", "/other_");
    let error = State::open(&url, now()).await.unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error:?}");
    assert!(!format!("{error:?}").contains("geheim"), "{error:?}");
    let state = State::open(&url.replace("/other_", "/test_"), now()).await.unwrap();
    assert!(!format!("{state:?} {}", state.address()).contains("geheim"), "{state:?}");
}

/// Tables that concern no one seller or account alone, and why.
const OF_NOBODY: [(&str, &str); 4] = [
    ("migrations", "what was done to the database itself"),
    ("vault_key", "one key for all secrets"),
    ("vault", "a secret's owner is an account or an application"),
    ("buckets", "a quota's owner is an account or an application"),
];

/// What is shown to somebody is cut by a column, never by a name or a path that is taken apart.
async fn a_row_says_whom_it_concerns(place: Place) {
    const SQLITE: &str =
        "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'";
    const POSTGRES: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = current_schema()";
    place.open().await.close().await;
    let columns: Vec<(String, String)> = if place.url.starts_with("sqlite") {
        let pool = sqlx::SqlitePool::connect(&place.url).await.unwrap();
        sqlx::query_as(SQLITE).fetch_all(&pool).await.unwrap()
    } else {
        let pool = sqlx::PgPool::connect(&place.url).await.unwrap();
        sqlx::query_as(POSTGRES).fetch_all(&pool).await.unwrap()
    };
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (table, column) in columns {
        tables.entry(table).or_default().insert(column);
    }
    assert!(tables.len() > 12, "{tables:?}");
    for (table, columns) in &tables {
        let says = columns.contains("seller") || columns.contains("account");
        let excused = OF_NOBODY.iter().any(|(name, _)| name == table);
        assert!(says != excused, "{table} has a column `seller` or `account`, or a reason in this list: {columns:?}");
    }
    assert!(OF_NOBODY.iter().all(|(name, _)| tables.contains_key(*name)), "{tables:?}");
}

#[tokio::test]
async fn a_server_that_nobody_runs_is_told_at_once() {
    let url = "postgres://ann:geheim@127.0.0.1:1/books";
    for opened in [State::open(url, now()).await, State::open_to_read(url).await] {
        let told = format!("{:?}", opened.unwrap_err());
        assert!(told.contains("can't be reached") && !told.contains("geheim"), "{told}");
    }
}
