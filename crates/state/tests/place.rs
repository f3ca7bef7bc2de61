//! Where a test keeps its state: a file, or a database of a PostgreSQL server that lives as long as the tests.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use sellerlake_state::State;
use sqlx::Connection;
use tempfile::TempDir;

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

struct Server {
    folder: PathBuf,
    /// When the test process ends, so does its end of this pipe; the server stops and its folder is removed.
    _watched: Child,
}

impl Server {
    fn url(&self, database: &str) -> String {
        format!("postgres://sellerlake@localhost/{database}?host={}", self.folder.display())
    }
}

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let started = SERVER.get_or_init(|| {
        let binaries = binaries();
        if binaries.is_none() {
            assert!(std::env::var_os("SELLERLAKE_INSIST").is_none_or(|insist| insist != "1"), "there is no PostgreSQL");
            // Written past the test harness, which would swallow it.
            let mut aloud = std::io::stderr();
            aloud.write_all(b"SKIPPED: no PostgreSQL was found to test with\n").unwrap();
        }
        binaries.map(|binaries| start(&binaries))
    });
    started.as_ref()
}

/// The folder of PostgreSQL's programs: the newest installed, or the one in the PATH.
fn binaries() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = installed.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// Sorts text as people do, so that whatever relies on the order of bytes has to say so.
const START: &str = r#"
    set -e
    "$1/initdb" -D "$2/data" -U sellerlake -A trust -E UTF8 --locale=C --locale-provider=icu --icu-locale=en-US \
        --no-sync >"$2/initdb.log" 2>&1 || { cat "$2/initdb.log" >&2; exit 1; }
    "$1/postgres" -D "$2/data" -c listen_addresses= -c unix_socket_directories="$2" -c fsync=off \
        -c max_connections=200 >"$2/server.log" 2>&1 &
    until "$1/pg_isready" -q -h "$2" -U sellerlake -d postgres || ! kill -0 $! 2>/dev/null; do sleep 0.1; done
    kill -0 $! 2>/dev/null || { cat "$2/server.log" >&2; exit 1; }
    echo ready
    cat >/dev/null
    kill -QUIT $!
    wait $! || true
    rm -rf "$2"
"#;

fn start(binaries: &Path) -> Server {
    let folder = tempfile::Builder::new().prefix("sellerlake-postgres-").tempdir().unwrap().keep();
    let mut shell = if is_root() {
        // PostgreSQL refuses to run as root.
        let owned = Command::new("chown").arg("postgres").arg(&folder).status().unwrap();
        assert!(owned.success(), "there is no user postgres");
        let mut shell = Command::new("setpriv");
        shell.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
        shell
    } else {
        Command::new("sh")
    };
    let mut watched = shell
        .args(["-c", START, "sh"])
        .arg(binaries)
        .arg(&folder)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(watched.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said.trim(), "ready", "PostgreSQL did not start");
    Server { folder, _watched: watched }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}
