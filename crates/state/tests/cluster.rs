//! A PostgreSQL server that lives as long as the tests.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// A running server.
pub struct Server {
    /// Its data, log and socket.
    pub folder: PathBuf,
    /// When the test process ends, so does its end of this pipe; the server stops and its folder is removed.
    _watched: Child,
}

impl Server {
    /// Address of one of its databases; `postgres` is there from the start.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://sellerlake@localhost/{database}?host={}", self.folder.display())
    }
}

/// The server of this test process; `None` where PostgreSQL is missing, which is said aloud, or is a failure if
/// `SELLERLAKE_INSIST=1`.
pub fn server() -> Option<&'static Server> {
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
