//! A lake in a temporary directory and the real binary to work on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_sellerlake");

/// How long a test waits for anything.
const PATIENCE: Duration = Duration::from_mins(5);

/// One answer row, by column.
pub type Row = Map<String, Value>;

/// A lake of its own.
pub struct Site {
    directory: tempfile::TempDir,
}

impl Drop for Site {
    /// What a failed test leaves is there to be looked at.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.directory.disable_cleanup(true);
            eprintln!("left behind: {}", self.path().display());
        }
    }
}

impl Site {
    /// An empty lake with the default settings.
    pub fn new() -> Self {
        Self::with_settings("")
    }

    /// An empty lake with these lines of settings.
    pub fn with_settings(settings: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("sellerlake.toml"), settings).unwrap();
        Self { directory }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A file of the site, written now.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.current_dir(self.path()).args(arguments).env_remove("SELLERLAKE_FAILPOINT");
        command
    }

    /// Runs the binary, whatever comes of it.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs the binary and insists on success; what it said is returned.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        let answer = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {:?}\n{answer}\n{words}", output.status);
        words
    }

    /// Ingests one file of seller A1, which may have lines that are rejected or held back; what was said is returned.
    pub fn ingest(&self, source: &str, file: &Path, more: &[&str]) -> String {
        let file = file.display().to_string();
        let mut arguments = vec!["ingest", "--source", source, "--seller", "A1"];
        arguments.extend(more);
        arguments.push(&file);
        let output = self.run(&arguments);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 3)), "{arguments:?}: {:?}\n{words}", output.status);
        words
    }

    /// Rows of a statement; numbers keep their digits.
    pub fn sql(&self, statement: &str) -> Vec<Row> {
        let output = self.run(&["sql", "--format", "json", statement]);
        assert!(output.status.success(), "{statement}\n{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one value of a statement, as text; empty for NULL.
    pub fn value(&self, statement: &str) -> String {
        let rows = self.sql(statement);
        assert_eq!(rows.len(), 1, "{statement}: {rows:?}");
        text(rows[0].values().next().unwrap_or(&Value::Null))
    }

    /// Every object of the lake below an area, with its bytes' identity on disk.
    pub fn objects(&self, area: &str) -> Vec<(String, u64, std::time::SystemTime)> {
        let root = self.path().join("lake");
        let mut found = Vec::new();
        let mut folders = vec![root.join(area)];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries.map(Result::unwrap) {
                let metadata = entry.metadata().unwrap();
                if metadata.is_dir() {
                    folders.push(entry.path());
                } else {
                    use std::os::unix::fs::MetadataExt;
                    let path = entry.path().strip_prefix(&root).unwrap().display().to_string();
                    found.push((path, metadata.ino(), metadata.modified().unwrap()));
                }
            }
        }
        found.sort();
        found
    }
}

/// A JSON value as plain text; empty for NULL.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The root of the source tree, seen from where cargo runs tests: a shared target directory may hold those of another.
pub fn tree() -> PathBuf {
    Path::new("../..").canonicalize().unwrap()
}

/// A Python that has this module: the one named by `SELLERLAKE_PYTHON`, or the machine's own.
///
/// Without one the test is skipped, unless `SELLERLAKE_INSIST` says that nothing may be.
pub fn python(module: &str) -> Option<String> {
    let python = std::env::var("SELLERLAKE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    assert!(
        std::env::var_os("SELLERLAKE_INSIST").is_none(),
        "{python} can't import {module}; name one in SELLERLAKE_PYTHON"
    );
    eprintln!("SKIPPED: {python} can't import {module}");
    None
}

/// Waits until something is so, which must not take long.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::yield_now();
    }
}
