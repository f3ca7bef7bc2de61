//! Where a test keeps its state: a file, or a database of a PostgreSQL server that lives as long as the tests.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use sellerlake_state::State;
use sqlx::Connection;
use tempfile::TempDir;

use crate::cluster::server;
use crate::now;

/// A new, empty place for a state.
pub struct Place {
    pub url: String,
    /// For what lies beside the state.
    pub folder: TempDir,
}

impl Place {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite://{}", folder.path().join("deep/state.db").display()), folder }
    }

    /// `None` where there is no PostgreSQL, which is said aloud, or is a failure if `SELLERLAKE_INSIST=1`.
    pub async fn postgres() -> Option<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let server = server()?;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let turn = ONE_AT_A_TIME.lock().await;
        let mut connection = sqlx::PgConnection::connect(&server.url("postgres")).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        drop(turn);
        Some(Self { url: server.url(&name), folder: tempfile::tempdir().unwrap() })
    }

    pub async fn open(&self) -> State {
        State::open(&self.url, now()).await.unwrap()
    }

    /// Returns when a connection waits for another one's lock, where the database can say so.
    pub async fn await_waiter(&self) {
        const WAITERS: &str = "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'";
        if !self.url.starts_with("postgres") {
            return;
        }
        let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
        for _ in 0..20_000 {
            if sqlx::query_scalar::<_, i64>(WAITERS).fetch_one(&mut connection).await.unwrap() > 0 {
                return;
            }
        }
        panic!("nobody waits");
    }

    /// Everything the database has written, its log included, after the last commit was written.
    pub async fn written(&self) -> Vec<(PathBuf, Vec<u8>)> {
        if !self.url.starts_with("postgres") {
            return files_below(self.folder.path());
        }
        let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
        sqlx::raw_sql("CHECKPOINT").execute(&mut connection).await.unwrap();
        let oid = sqlx::query_scalar("SELECT oid::text FROM pg_database WHERE datname = current_database()");
        let oid: String = oid.fetch_one(&mut connection).await.unwrap();
        let data = server().unwrap().folder.join("data");
        let folders = [data.join("base").join(oid), data.join("pg_wal")];
        folders.iter().flat_map(|folder| files_below(folder)).collect()
    }
}

fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            // One that is gone by now was nothing that stays.
            found.push((path, bytes));
        }
    }
    found
}

/// Each test, once on each database.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(crate::place::Place::sqlite()).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let Some(place) = crate::place::Place::postgres().await else { return };
                    super::$test(place).await;
                }
            )+
        }
    };
}
pub(crate) use on_both;
