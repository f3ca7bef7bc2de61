//! Deployment settings: one annotated file, strict about what it doesn't know.

mod amazon;
mod mistake;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sellerlake_contracts::{Error, Kind, Result};
use serde::Deserialize;
use url::Url;

pub use amazon::{AmazonSettings, ClockKind};

/// The annotated file with every setting and its default.
pub const DEFAULT: &str = include_str!("../default.toml");

/// Machines run out of threads somewhere beyond.
const MOST_THREADS: usize = 512;

/// Name of the settings file.
pub const FILE_NAME: &str = "sellerlake.toml";

/// The file as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    lake: String,
    state: String,
    key: String,
    declarations: String,
    spool: String,
    memory_mib: usize,
    document_mib: u64,
    threads: usize,
    row_limit: u64,
    query_timeout_seconds: u64,
    amazon: AmazonSettings,
    store: BTreeMap<String, String>,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            lake: "lake".into(),
            state: "state.db".into(),
            key: "sellerlake.key".into(),
            declarations: String::new(),
            spool: String::new(),
            memory_mib: 256,
            document_mib: 4096,
            threads: 0,
            row_limit: 0,
            query_timeout_seconds: 0,
            amazon: AmazonSettings::default(),
            store: BTreeMap::new(),
        }
    }
}

/// Settings as the rest of sellerlake sees them: absolute, defaults applied.
#[derive(Clone)]
pub struct Settings {
    /// `file:///…` or `s3://…`.
    pub lake: Url,
    /// The state's address: the path of an SQLite file, `sqlite://…` or `postgres://…`; it may hold a password.
    pub state: String,
    /// File with the key that secrets in the state are encrypted under.
    pub key: PathBuf,
    /// A user's own declarations.
    pub declarations: Option<PathBuf>,
    /// Directory for spills and objects in the making.
    pub spool: Option<PathBuf>,
    /// Memory for all that one process does at once, in bytes.
    pub memory_bytes: usize,
    /// Most that a packed document may hold, unpacked, in bytes.
    pub document_bytes: u64,
    /// Threads for decoding and queries.
    pub threads: usize,
    /// Rows an answer may have.
    pub row_limit: Option<u64>,
    /// Time a query may take.
    pub query_timeout: Option<std::time::Duration>,
    /// Where Amazon is, and what time it is there.
    pub amazon: AmazonSettings,
    /// Options of the object store; they may hold secrets.
    pub store: BTreeMap<String, String>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Store options hold access keys: names only.
        f.debug_struct("Settings")
            .field("lake", &self.lake.as_str())
            .field("store", &self.store.keys())
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads a settings file; relative paths in it are relative to it.
    pub fn read(path: &Path) -> Result<Self> {
        let wrong =
            |problem: String| Error::permanent(Kind::Usage, problem).at("config.read").with("path", path.display());
        let bytes = std::fs::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => wrong("there are no settings here".into())
                .source(error)
                .hint("run `sellerlake init` to make a lake here, or name a settings file with --config"),
            _ => wrong("the settings can't be read".into()).source(error),
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let line = String::from_utf8_lossy(&error.as_bytes()[..at]).matches('\n').count() + 1;
            wrong(format!("the settings can't be read: line {line} has bytes that are no UTF-8 text"))
                .hint("save the file as UTF-8")
        })?;
        let written: Written = toml::from_str(&text).map_err(|error| {
            wrong(format!("the settings can't be read: {}", mistake::describe(&text, &error)))
                .hint("`sellerlake init --print` shows every setting with its default")
        })?;
        let base = std::path::absolute(path).ok().and_then(|path| path.parent().map(Path::to_owned));
        Self::resolve(written, &base.unwrap_or_default())
    }

    /// The settings file of a lake that lies, with all it needs, in a directory of its own: limits as here, and no way
    /// to Amazon. A user's declarations, where there are any, are in `declarations` beside it.
    pub fn of_its_own(&self) -> String {
        let declarations = if self.declarations.is_some() { "declarations" } else { "" };
        let Self { memory_bytes, threads, row_limit, query_timeout, .. } = self;
        format!(
            "lake = \"lake\"\nstate = \"state.db\"\ndeclarations = \"{declarations}\"\nmemory_mib = {}\n\
             threads = {threads}\nrow_limit = {}\nquery_timeout_seconds = {}\n",
            memory_bytes >> 20,
            row_limit.unwrap_or_default(),
            query_timeout.unwrap_or_default().as_secs(),
        )
    }

    /// The defaults, below a directory.
    pub fn below(directory: &Path) -> Result<Self> {
        let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        Self::resolve(Written::default(), &directory)
    }

    fn resolve(written: Written, base: &Path) -> Result<Self> {
        let path = |text: &str| (!text.is_empty()).then(|| base.join(text));
        let threads = match written.threads {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            threads => threads,
        };
        if written.memory_mib < 64 {
            return Err(
                Error::permanent(Kind::Usage, "memory_mib must be at least 64").with("found", written.memory_mib)
            );
        }
        if threads > MOST_THREADS {
            return Err(Error::permanent(Kind::Usage, format!("threads must be at most {MOST_THREADS}"))
                .with("found", threads)
                .hint("0 is as many as the machine has cores; more of them make nothing faster"));
        }
        written.amazon.check()?;
        Ok(Self {
            lake: location(&written.lake, base)?,
            state: database(&written.state, base),
            key: base.join(&written.key),
            declarations: path(&written.declarations),
            spool: path(&written.spool),
            memory_bytes: written.memory_mib << 20,
            document_bytes: written.document_mib.saturating_mul(1 << 20),
            threads,
            row_limit: (written.row_limit > 0).then_some(written.row_limit),
            query_timeout: (written.query_timeout_seconds > 0)
                .then(|| std::time::Duration::from_secs(written.query_timeout_seconds)),
            amazon: written.amazon,
            store: written.store,
        })
    }
}

/// A URL, or a path made absolute.
pub fn location(text: &str, base: &Path) -> Result<Url> {
    if text.contains("://") {
        return text.parse().map_err(|error: url::ParseError| {
            Error::permanent(Kind::Usage, format!("{text:?} is not a location"))
                .source(error)
                .hint("write a directory, or s3://bucket/prefix")
        });
    }
    Url::from_directory_path(base.join(text)).map_err(|()| {
        Error::permanent(Kind::Usage, format!("{text:?} is not a directory")).hint("write an absolute or relative path")
    })
}

/// A database's address as it is, or the file it names.
fn database(written: &str, base: &Path) -> String {
    if written.contains("://") { written.to_owned() } else { base.join(written).display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_annotated_file_says_what_the_code_does() {
        let annotated: Written = toml::from_str(DEFAULT).unwrap();
        assert_eq!(format!("{annotated:?}"), format!("{:?}", Written::default()));
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let error = toml::from_str::<Written>("memory_mb = 3").unwrap_err().to_string();
        assert!(error.contains("unknown field `memory_mb`") && error.contains("memory_mib"), "{error}");
    }

    #[test]
    fn a_state_is_a_file_beside_the_settings_or_a_database() {
        let state = |text: &str| {
            let written = Written { state: text.to_owned(), ..Written::default() };
            Settings::resolve(written, Path::new("/books")).unwrap().state
        };
        assert_eq!(state("state.db"), "/books/state.db");
        assert_eq!(state("postgres://me@there/books"), "postgres://me@there/books");
    }

    #[test]
    fn a_lake_of_its_own_needs_nothing_outside_its_directory() {
        let mut settings = Settings::below(Path::new("/books")).unwrap();
        settings.row_limit = Some(7);
        settings.declarations = Some("/elsewhere".into());
        let written: Written = toml::from_str(&settings.of_its_own()).unwrap();
        let copy = Settings::resolve(written, Path::new("/march")).unwrap();
        assert_eq!((copy.lake.path(), copy.state.as_str()), ("/march/lake/", "/march/state.db"));
        assert_eq!(copy.declarations.as_deref(), Some(Path::new("/march/declarations")));
        assert_eq!(
            (copy.memory_bytes, copy.threads, copy.row_limit),
            (settings.memory_bytes, settings.threads, Some(7))
        );
    }

    #[test]
    fn a_mistake_is_told_by_its_place_and_never_with_what_the_file_says() {
        let path = std::env::temp_dir().join(format!("sellerlake-{}.toml", std::process::id()));
        let told = |text: &[u8]| {
            std::fs::write(&path, text).unwrap();
            let error = Settings::read(&path).unwrap_err();
            (error.to_string(), format!("{error} {error:?}"))
        };
        for (text, place) in [
            ("[store]\naws_secret_access_key = \"hush", "line 2"),
            ("lake = \"lake\"\nstate = \"postgres://u:hush@h/d\nkey = \"k\"", "line 2, column"),
            ("memory_mib = \"hush\"", "line 1, column 14 (memory_mib): expected"),
            ("[store]\nx = 1\npassword = [\"hush\"]", "line 2, column 5 (x): expected a string"),
            ("password = \"hush\"", "line 1, column 1 (password): unknown field `password`"),
            ("[amazon]\nclock = \"hush\"", "line 2, column 9 (clock): expected"),
            ("key = hush", "line 1, column 7 (key)"),
            ("threads = 20000", "threads must be at most 512"),
        ] {
            let (sentence, all) = told(text.as_bytes());
            assert!(sentence.contains(place) && !all.contains("hush"), "{text}: {all}");
        }
        let (sentence, _) = told(b"lake = \"a\"\nstate = \"b\xe9\"");
        assert!(sentence.contains("line 2 has bytes that are no UTF-8 text"), "{sentence}");
        std::fs::remove_file(&path).unwrap();
        assert!(Settings::read(&path).unwrap_err().to_string().contains("there are no settings here"));
    }

    #[test]
    fn secrets_are_not_printed() {
        let mut settings = Settings::below(Path::new("/tmp")).unwrap();
        settings.store.insert("aws_secret_access_key".into(), "hush".into());
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
