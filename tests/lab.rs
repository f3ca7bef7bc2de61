//! A lake that is worked on in this process, without a process for each delivery.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, TimeDelta, Utc};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sellerlake_config::Settings;
use sellerlake_contracts::{Clock, Partition, SellerId};
use sellerlake_pipelines::{Arrival, DeliveryFacts, Group, LoadOptions, Rebuilt, Silent, Workspace};

/// One delivery, as somebody would hand it in.
#[derive(Debug, Clone)]
pub struct Paper {
    pub source: &'static str,
    pub scope: Option<&'static str>,
    pub marketplace: Option<&'static str>,
    /// As on the command line: two days, both included.
    pub window: Option<String>,
    pub as_of: Option<String>,
    pub text: String,
}

impl Paper {
    pub fn new(source: &'static str, as_of: Option<&str>, text: String) -> Self {
        Self { source, scope: None, marketplace: None, window: None, as_of: as_of.map(str::to_owned), text }
    }

    /// When it came: seconds that follow from what it is, so that it is the same wherever it comes.
    fn came(&self) -> DateTime<Utc> {
        let all = format!("{self:?}");
        let hash = all.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
        DateTime::UNIX_EPOCH + TimeDelta::days(365 * 60) + TimeDelta::seconds((hash % 600) as i64)
    }

    fn facts(&self) -> DeliveryFacts {
        DeliveryFacts {
            source: self.source.to_owned(),
            seller: seller(),
            scope: self.scope.map(str::to_owned),
            marketplace: self.marketplace.map(|id| id.parse().unwrap()),
            window: self.window.as_deref().map(|window| window.parse().unwrap()),
            as_of: self.as_of.as_deref().map(|at| DateTime::parse_from_rfc3339(at).unwrap().to_utc()),
            charset: None,
            options: BTreeMap::new(),
            allow_personal_data: false,
            origin: None,
        }
    }
}

pub fn seller() -> SellerId {
    "A1".parse().unwrap()
}

/// A clock on which a week passes whenever somebody looks, so that nothing can come to depend on when it ran. Deliveries
/// alone come at times of their own, whoever hands them in and when: that is part of what they are.
#[derive(Debug, Default)]
struct Hasty {
    weeks: AtomicI64,
    at: Mutex<Option<DateTime<Utc>>>,
}

#[async_trait::async_trait]
impl Clock for Hasty {
    fn now(&self) -> DateTime<Utc> {
        let weeks = self.weeks.fetch_add(1, Ordering::Relaxed);
        self.at.lock().unwrap().unwrap_or(DateTime::UNIX_EPOCH + TimeDelta::days(365 * 60) + TimeDelta::weeks(weeks))
    }

    async fn sleep_until(&self, _: DateTime<Utc>) {}
}

/// Sorted rows as text, by path of the object; objects without rows are left out.
pub type Contents = BTreeMap<String, Vec<String>>;

pub struct Lab {
    folder: Arc<tempfile::TempDir>,
    pub workspace: Workspace,
    clock: Arc<Hasty>,
}

impl Lab {
    pub async fn new() -> Self {
        Self::over(Arc::new(tempfile::tempdir().unwrap())).await
    }

    /// The same lake and state, opened once more, as another process would.
    pub async fn beside(other: &Self) -> Self {
        Self::over(Arc::clone(&other.folder)).await
    }

    /// An empty lake with another one's `raw/`.
    pub async fn with_raw_of(other: &Self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&other.folder.path().join("lake/raw"), &folder.path().join("lake/raw"));
        Self::over(Arc::new(folder)).await
    }

    async fn over(folder: Arc<tempfile::TempDir>) -> Self {
        let mut settings = Settings::below(folder.path()).unwrap();
        settings.threads = 2;
        let clock = Arc::new(Hasty::default());
        let workspace = Workspace::open(settings, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        Self { folder, workspace, clock }
    }

    /// Lands deliveries of one source and loads them together.
    pub async fn load(&self, papers: &[&Paper]) -> Group {
        let mut landed = Vec::new();
        for paper in papers {
            let arrival = Arrival { name: "document".into(), pages: vec![Box::new(Cursor::new(paper.text.clone()))] };
            *self.clock.at.lock().unwrap() = Some(paper.came());
            landed.push(self.workspace.loading.land(&paper.facts(), arrival).await.unwrap());
            *self.clock.at.lock().unwrap() = None;
        }
        self.workspace.loading.load(papers[0].source, landed, &LoadOptions::default()).await.unwrap()
    }

    pub async fn rebuild(&self, changed: Option<&[Partition]>) -> Rebuilt {
        let rebuilt = self.workspace.rebuilding.rebuild(&seller(), changed, &Silent).await.unwrap();
        assert!(rebuilt.failed.is_empty(), "{:?}", rebuilt.failed);
        rebuilt
    }

    pub async fn replay(&self) {
        let replayed = self.workspace.care.replay(None, None, &Silent).await.unwrap();
        assert!(replayed.rebuilt.iter().all(|rebuilt| rebuilt.failed.is_empty()), "{:?}", replayed.rebuilt);
    }

    pub async fn assert_sound(&self) {
        let verified = self.workspace.care.verify(&Silent).await.unwrap();
        assert!(verified.complaints.is_empty(), "{:#?}", verified.complaints);
    }

    /// The same where tables haven't been made again.
    pub async fn assert_sound_but_behind(&self) {
        let mut complaints = self.workspace.care.verify(&Silent).await.unwrap().complaints;
        complaints.retain(|complaint| !complaint.problem.starts_with("not made from all that is loaded"));
        assert!(complaints.is_empty(), "{complaints:#?}");
    }

    /// Everything above `raw/`, read from the files themselves: the lake's own columns and marker rows too.
    pub fn contents(&self) -> Contents {
        let root = self.folder.path().join("lake");
        let mut files = Vec::new();
        for area in ["sources", "tables", "rollups"] {
            files_below(&root.join(area), &mut files);
        }
        let read = files.iter().map(|path| (path.strip_prefix(&root).unwrap().display().to_string(), rows(path)));
        read.filter(|(_, rows)| !rows.is_empty()).collect()
    }

    /// How many deliveries stand in `raw/`.
    pub fn landed(&self) -> usize {
        let mut files = Vec::new();
        files_below(&self.folder.path().join("lake/raw"), &mut files);
        files.iter().filter(|path| path.to_string_lossy().ends_with(".meta.json")).count()
    }

    /// Path, inode and length of every object of tables and rollups.
    pub fn identities(&self) -> Vec<(PathBuf, u64, u64)> {
        use std::os::unix::fs::MetadataExt;
        let mut files = Vec::new();
        for area in ["tables", "rollups"] {
            files_below(&self.folder.path().join("lake").join(area), &mut files);
        }
        let identity = |path: PathBuf| {
            let metadata = fs::metadata(&path).unwrap();
            (path, metadata.ino(), metadata.len())
        };
        files.into_iter().map(identity).collect()
    }
}

/// Says what differs, row by row, before it fails.
pub fn assert_equal(found: &Contents, expected: &Contents, which: &str) {
    if found == expected {
        return;
    }
    let mut differences = Vec::new();
    let paths: std::collections::BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    for path in paths {
        let (found, expected) = (found.get(path).cloned(), expected.get(path).cloned());
        if found != expected {
            let (found, expected) = (found.unwrap_or_default(), expected.unwrap_or_default());
            differences.push(format!("{path}: {} rows, expected {}", found.len(), expected.len()));
            let only = |rows: &[String], others: &[String]| -> Vec<String> {
                rows.iter().filter(|row| !others.contains(row)).take(4).cloned().collect()
            };
            differences.extend(only(&found, &expected).into_iter().map(|row| format!("  + {row}")));
            differences.extend(only(&expected, &found).into_iter().map(|row| format!("  - {row}")));
        }
    }
    panic!("{which}:\n{}", differences.join("\n"));
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// A Parquet file's rows as text, sorted; NULL columns are left out.
fn rows(path: &Path) -> Vec<String> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap().build().unwrap();
    let mut rows = Vec::new();
    for batch in reader.map(Result::unwrap) {
        let options = FormatOptions::default();
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let cells = columns.iter().zip(batch.columns()).zip(batch.schema_ref().fields());
            let cells = cells.filter(|((_, values), _)| values.is_valid(row));
            let cells: Vec<String> =
                cells.map(|((text, _), field)| format!("{}={}", field.name(), text.value(row))).collect();
            rows.push(cells.join(" "));
        }
    }
    rows.sort();
    rows
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Runs a test on threads with the stack of a main thread: unoptimised planning is deep.
pub fn block_on<F: Future<Output = ()> + Send + 'static>(work: F) {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).thread_stack_size(32 << 20).enable_all().build().unwrap();
    if let Err(error) = runtime.block_on(runtime.spawn(work)) {
        std::panic::resume_unwind(error.into_panic());
    }
}
