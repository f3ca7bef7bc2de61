//! Where objects are read from, and the promise that a read never mixes two versions of one.
//!
//! Every read is conditional on the tag the catalogue knows. On disk the file is opened once and compared on the
//! open handle: swaps rename over it, so the handle keeps showing the version that was compared. Elsewhere every
//! range carries `If-Match`, and the answer's tag is compared too, for stores that ignore the condition.
//!
//! And every read is checked: a footer by its seal, everything else by the blocks it lies in (`sellerlake_seal`), so
//! that what is handed on is what was written, where it was written for.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::fs::{File, Metadata};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{ParquetFileMetrics, ParquetFileReaderFactory};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, OBJECT_STORE_COALESCE_DEFAULT, ObjectStore, coalesce_ranges};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use sellerlake_contracts::{Error, Kind, Result};
use sellerlake_seal::{Seal, damaged, footer_bytes, key, outdated, pair};
use tokio::runtime::Handle;

use crate::failure::Replaced;
use crate::footers::Footers;

/// The tag of a file on disk, from its metadata. Whoever writes objects decides the formula; the two must agree.
pub type FileTag = fn(&Metadata) -> String;

/// Bytes fetched from an object's end in the first read; most footers fit.
const FOOTER_GUESS_BYTES: u64 = 64 * 1024;

/// Bytes of decoded footers kept between queries.
const FOOTER_CACHE_BYTES: usize = 64 * 1024 * 1024;

/// Where objects are read from. Cheap to clone; clones share the footer cache and the counters.
#[derive(Clone)]
pub struct LakeReader(Arc<Inner>, Arc<Held>);

/// Versions of objects that are held open: by path, the tag and the file.
pub type Held = HashMap<String, (String, Arc<File>)>;

struct Inner {
    place: Place,
    /// Where requests are sent from: connections outlive the threads of the statement that opened them.
    io: Option<Handle>,
    footers: Footers,
    opened: AtomicU64,
}

enum Place {
    Store(Arc<dyn ObjectStore>),
    /// The store is the same place.
    Disk(Arc<dyn ObjectStore>, PathBuf, FileTag),
    /// One object, whatever it is called.
    Memory(Bytes),
}

impl LakeReader {
    /// Reads through the store, each range under the condition that the object is still the expected one.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self::build(Place::Store(store))
    }

    /// Reads files below `root` directly. `store` is the same place seen as a store.
    pub fn on_disk(store: Arc<dyn ObjectStore>, root: impl Into<PathBuf>, tag: FileTag) -> Self {
        Self::build(Place::Disk(store, root.into(), tag))
    }

    /// Reads an object that isn't published yet: every tag leads to these bytes.
    pub fn in_memory(object: Bytes) -> Self {
        Self::build(Place::Memory(object))
    }

    fn build(place: Place) -> Self {
        let footers = Footers::new(FOOTER_CACHE_BYTES);
        let io = Handle::try_current().ok();
        Self(Arc::new(Inner { place, io, footers, opened: AtomicU64::new(0) }), Arc::default())
    }

    /// The same reader, but for these versions of these objects, which it reads from the files given: they are there
    /// to stay, whatever becomes of the objects.
    #[must_use]
    pub fn holding(&self, held: Held) -> Self {
        Self(Arc::clone(&self.0), Arc::new(held))
    }

    /// How often the reader touched an object: files opened on disk, range requests elsewhere.
    pub fn touched(&self) -> u64 {
        self.0.opened.load(Ordering::Relaxed)
    }

    /// The reader factory of one scan. One that `counts` takes nothing from the objects but their numbers of rows.
    pub(crate) fn scan(&self, counts: bool) -> Arc<dyn ParquetFileReaderFactory> {
        Arc::new(ScanReaders { reader: self.clone(), open: Arc::default(), counts })
    }
}

impl fmt::Debug for LakeReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.0.place {
            Place::Store(store) | Place::Disk(store, ..) => store.to_string(),
            Place::Memory(_) => "memory".to_owned(),
        };
        f.debug_struct("LakeReader").field("place", &place).finish_non_exhaustive()
    }
}

/// Files open in one scan. The partitions of a scan that read parts of one object share its handle, which closes
/// after the last of them.
#[derive(Debug, Default)]
struct OpenFiles {
    by_path: HashMap<String, Weak<File>>,
    /// DataFusion drops a reader before it makes the next one for the same object: the last few stay open.
    recent: VecDeque<Arc<File>>,
}

/// Handles that one scan keeps open without a reader.
const RECENT_FILES: usize = 4;

#[derive(Debug)]
struct ScanReaders {
    reader: LakeReader,
    open: Arc<Mutex<OpenFiles>>,
    counts: bool,
}

impl ParquetFileReaderFactory for ScanReaders {
    fn create_reader(
        &self,
        partition_index: usize,
        file: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion::error::Result<Box<dyn AsyncFileReader + Send>> {
        let meta = file.object_meta;
        let metrics = ParquetFileMetrics::new(partition_index, meta.location.as_ref(), metrics);
        let etag = meta.e_tag.unwrap_or_default();
        let held = self.reader.1.get(meta.location.as_ref()).filter(|(held, _)| *held == etag);
        Ok(Box::new(ObjectReader {
            file: held.map(|(_, file)| Arc::clone(file)),
            reader: self.reader.clone(),
            open: Arc::clone(&self.open),
            counts: self.counts,
            etag,
            generation: meta.version,
            path: meta.location,
            size_bytes: meta.size,
            metrics,
        }))
    }
}

/// Reads one version of one object.
struct ObjectReader {
    reader: LakeReader,
    open: Arc<Mutex<OpenFiles>>,
    counts: bool,
    path: Path,
    etag: String,
    /// What its footer has to say, where the catalogue knows: a tag can be made to look like another version's.
    generation: Option<String>,
    size_bytes: u64,
    file: Option<Arc<File>>,
    metrics: ParquetFileMetrics,
}

impl ObjectReader {
    /// Ranges of the object, checked.
    async fn read_whole(&mut self, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>> {
        let footer = self.footer().await?;
        let Some(seal) = Seal::of(&footer) else { return self.read(ranges).await };
        let parts = seal.parts(&ranges);
        let read = self.read(parts.clone()).await?;
        if parts.iter().zip(&read).any(|(part, bytes)| !seal.is_whole(part, bytes)) {
            return Err(damaged(self.path.as_ref(), "its rows aren't those that were written"));
        }
        let within = |range: Range<u64>| {
            let part = parts.partition_point(|part| part.end <= range.start);
            let start = range.start.checked_sub(parts.get(part)?.start)? as usize;
            let bytes = read.get(part).filter(|bytes| start as u64 + range.end - range.start <= bytes.len() as u64)?;
            Some(bytes.slice(start..start + (range.end - range.start) as usize))
        };
        let outside = || damaged(self.path.as_ref(), "its footer names bytes that aren't there");
        let cut = |range: Range<u64>| if range.is_empty() { Some(Bytes::new()) } else { within(range) };
        ranges.into_iter().map(|range| cut(range).ok_or_else(outside)).collect()
    }

    /// The object's footer, read and checked unless that was done before; of the version that is expected.
    async fn footer(&mut self) -> Result<Arc<ParquetMetaData>> {
        let footer = self.whole_footer().await?;
        if self.generation.is_some() && self.generation.as_deref() != pair(&footer, key::GENERATION) {
            return Err(outdated(self.path.as_ref()));
        }
        Ok(footer)
    }

    async fn whole_footer(&mut self) -> Result<Arc<ParquetMetaData>> {
        let reader = self.reader.clone();
        if let Some(footer) = reader.0.footers.get(self.path.as_ref(), &self.etag) {
            return Ok(footer);
        }
        let size_bytes = self.size_bytes;
        let guess = FOOTER_GUESS_BYTES.min(size_bytes);
        let mut tail = self.last(guess).await?;
        let length = footer_bytes(&tail, size_bytes, self.path.as_ref())?;
        if length > guess {
            tail = self.last(length).await?;
        }
        // Without the page index: a scan asks for it where statistics of row groups leave something to skip, and
        // decoding it for every column takes longer than a small query.
        let footer = sellerlake_seal::open(&tail[tail.len() - length as usize..], self.path.as_ref())?;
        let footer = Arc::new(footer);
        reader.0.footers.put(self.path.as_ref(), &self.etag, &footer);
        Ok(footer)
    }

    async fn last(&mut self, length: u64) -> Result<Bytes> {
        let range = self.size_bytes - length..self.size_bytes;
        let mut read = self.read(vec![range]).await?;
        Ok(read.pop().unwrap_or_default())
    }

    /// Ranges of the object as they lie there.
    async fn read(&mut self, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>> {
        let bytes: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        self.metrics.bytes_scanned.add(bytes as usize);
        match &self.reader.0.place {
            // A held version is a file wherever the object lies.
            Place::Store(store) if self.file.is_none() => {
                coalesce_ranges(&ranges, |range| self.fetch(store, range), OBJECT_STORE_COALESCE_DEFAULT).await
            }
            Place::Memory(object) => {
                let part = |range: Range<u64>| object.slice(range.start as usize..range.end as usize);
                Ok(ranges.into_iter().map(part).collect())
            }
            Place::Store(_) | Place::Disk(..) => self.read_file(ranges).await,
        }
    }

    async fn read_file(&mut self, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>> {
        let held = self.file.clone();
        let (open, reader) = (Arc::clone(&self.open), self.reader.clone());
        let (path, etag) = (self.path.to_string(), self.etag.clone());
        let work = move || {
            let file = match (held, &reader.0.place) {
                (Some(file), _) => file,
                (None, Place::Disk(_, root, tag)) => {
                    open_shared(&open, &reader, &root.join(&path), &path, |meta| tag(meta) == etag)?
                }
                (None, _) => return Err(unreadable(&path, "nothing holds it")),
            };
            let read = ranges.into_iter().map(|range| read_range(&file, range)).collect::<std::io::Result<Vec<_>>>();
            read.map(|bytes| (file, bytes)).map_err(|error| unreadable(&path, error))
        };
        let (file, bytes) =
            tokio::task::spawn_blocking(work).await.map_err(|error| unreadable(&self.path, error))??;
        self.file = Some(file);
        Ok(bytes)
    }

    /// Whether the object is still the version whose footer is remembered.
    ///
    /// A file is opened for it, and then read through the handle. Elsewhere it costs a request, which is spent only
    /// where no other would follow.
    async fn look(&mut self) -> Result<()> {
        match &self.reader.0.place {
            Place::Store(store) if self.file.is_none() => {
                if self.counts {
                    self.request(store, GetOptions { head: true, ..GetOptions::default() }).await?;
                }
                Ok(())
            }
            _ => self.read(Vec::new()).await.map(drop),
        }
    }

    async fn fetch(&self, store: &Arc<dyn ObjectStore>, range: Range<u64>) -> Result<Bytes> {
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        self.request(store, options).await
    }

    async fn request(&self, store: &Arc<dyn ObjectStore>, options: GetOptions) -> Result<Bytes> {
        self.reader.0.opened.fetch_add(1, Ordering::Relaxed);
        let (store, path, is_head) = (Arc::clone(store), self.path.clone(), options.head);
        let options = GetOptions { if_match: Some(self.etag.clone()), ..options };
        let work = async move {
            let answer = store.get_opts(&path, options).await?;
            let etag = answer.meta.e_tag.clone();
            Ok((etag, if is_head { Bytes::new() } else { answer.bytes().await? }))
        };
        let answer = match &self.reader.0.io {
            Some(io) => io.spawn(work).await.map_err(|error| unreadable(&self.path, error))?,
            None => work.await,
        };
        let (etag, bytes) = answer.map_err(|error| self.refused(error))?;
        if etag.as_deref() != Some(self.etag.as_str()) {
            return Err(Replaced::error(self.path.as_ref()));
        }
        Ok(bytes)
    }

    fn refused(&self, error: object_store::Error) -> Error {
        match error {
            object_store::Error::Precondition { .. } | object_store::Error::NotFound { .. } => {
                Replaced::error(self.path.as_ref())
            }
            other => unreadable(&self.path, other),
        }
    }
}

/// Opens the file, or shares the handle another partition of the scan holds, if it is the expected version.
fn open_shared(
    open: &Mutex<OpenFiles>,
    reader: &LakeReader,
    file: &std::path::Path,
    path: &str,
    expected: impl FnOnce(&Metadata) -> bool,
) -> Result<Arc<File>> {
    let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = open.by_path.get(path).and_then(Weak::upgrade) {
        return Ok(file);
    }
    reader.0.opened.fetch_add(1, Ordering::Relaxed);
    let file = match File::open(file) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Replaced::error(path)),
        Err(error) => return Err(unreadable(path, error)),
    };
    if !expected(&file.metadata().map_err(|error| unreadable(path, error))?) {
        return Err(Replaced::error(path));
    }
    let file = Arc::new(file);
    open.by_path.insert(path.to_owned(), Arc::downgrade(&file));
    open.recent.push_back(Arc::clone(&file));
    if open.recent.len() > RECENT_FILES {
        open.recent.pop_front();
    }
    Ok(file)
}

fn read_range(file: &File, range: Range<u64>) -> std::io::Result<Bytes> {
    let mut buffer = vec![0; (range.end - range.start) as usize];
    file.read_exact_at(&mut buffer, range.start)?;
    Ok(buffer.into())
}

fn unreadable(path: impl fmt::Display, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::transient(Kind::Storage, "an object can't be read").at("query.read").with("path", path).source(source)
}

fn external(error: Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for ObjectReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        async move {
            let mut read = self.read_whole(vec![range]).await.map_err(external)?;
            read.pop().ok_or_else(|| ParquetError::EOF("no range was read".into()))
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        async move { self.read_whole(ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        async move {
            if self.reader.0.footers.get(self.path.as_ref(), &self.etag).is_some() {
                self.look().await.map_err(external)?;
            }
            self.footer().await.map_err(external)
        }
        .boxed()
    }
}
