//! Threads of a statement's own. What it does there, blocking, panicking, running past its time, happens to nobody
//! else: whoever asked is answered on time, and other statements go on.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::{FutureExt, StreamExt};
use sellerlake_contracts::{Error, Kind, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};

use crate::failure;

/// The name of these threads.
const THREADS: &str = "sellerlake-query";

/// Plans are walked by recursion.
const STACK_BYTES: usize = 8 * 1024 * 1024;

tokio::task_local! {
    static STOP: Interrupt;
}

/// Whether a statement is to go on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// That of the statement this task belongs to; the tasks DataFusion starts for it have to be handed theirs.
    pub(crate) fn current() -> Option<Self> {
        STOP.try_with(Clone::clone).ok()
    }

    /// An error, once nobody waits for the answer any more.
    pub(crate) fn check(&self) -> DataFusionResult<()> {
        if self.0.load(Ordering::Relaxed) {
            return Err(DataFusionError::Execution("the statement was stopped".into()));
        }
        Ok(())
    }
}

/// A statement under way. Dropping it stops the statement: at once where it waits, and elsewhere at the next batch or
/// the next check of [`Interrupt`].
pub(crate) struct Running {
    /// Dropped with the rest.
    _threads: Threads,
    /// The columns, once it is planned.
    pub(crate) planned: oneshot::Receiver<Result<SchemaRef>>,
    /// The rows; closed after the last or after an error.
    pub(crate) rows: mpsc::Receiver<Result<RecordBatch>>,
}

impl Running {
    /// Runs what `start` yields on so many threads. `names` are the session's tables, for hints.
    pub(crate) fn start(
        threads: usize,
        names: Vec<String>,
        start: impl Future<Output = DataFusionResult<SendableRecordBatchStream>> + Send + 'static,
    ) -> Result<Self> {
        let (tell, planned) = oneshot::channel();
        let (send, rows) = mpsc::channel(1);
        let threads = Threads::new(threads)?;
        drop(threads.spawn(drive(start, names, tell, send)));
        Ok(Self { _threads: threads, planned, rows })
    }
}

/// Does the work on threads of its own, and waits for it here.
pub(crate) async fn elsewhere<T: Send + 'static>(
    work: impl Future<Output = DataFusionResult<T>> + Send + 'static,
    names: Vec<String>,
) -> Result<T> {
    let threads = Threads::new(1)?;
    let done = threads.spawn(async move { caught(work, &names).await }).await;
    done.unwrap_or_else(|error| {
        Err(Error::permanent(Kind::Internal, "the query engine failed").at("query.run").source(error))
    })
}

/// Threads that nobody waits for once they are dropped.
struct Threads {
    runtime: Option<Runtime>,
    stop: Interrupt,
}

impl Threads {
    fn new(count: usize) -> Result<Self> {
        let built = Builder::new_multi_thread()
            .worker_threads(count.max(1))
            .thread_name(THREADS)
            .thread_stack_size(STACK_BYTES)
            .enable_time()
            .build();
        let runtime = built.map_err(|error| {
            Error::transient(Kind::Storage, "can't start the threads of a query").at("query.run").source(error)
        })?;
        Ok(Self { runtime: Some(runtime), stop: Interrupt::default() })
    }

    fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Task<T> {
        let (tell, told) = oneshot::channel();
        if let Some(runtime) = &self.runtime {
            runtime.spawn(STOP.scope(self.stop.clone(), async move { drop(tell.send(work.await)) }));
        }
        told
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop.0.store(true, Ordering::Relaxed);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What a task will yield.
type Task<T> = oneshot::Receiver<T>;

async fn drive(
    start: impl Future<Output = DataFusionResult<SendableRecordBatchStream>>,
    names: Vec<String>,
    tell: oneshot::Sender<Result<SchemaRef>>,
    send: mpsc::Sender<Result<RecordBatch>>,
) {
    // Whoever waits may be gone by the time he is told: that is no error.
    let mut stream = match caught(start, &names).await {
        Ok(stream) => stream,
        Err(error) => return drop(tell.send(Err(error))),
    };
    drop(tell.send(Ok(stream.schema())));
    loop {
        let next = caught(async { stream.next().await.transpose() }, &names).await;
        let (next, ended) = match next {
            Ok(Some(batch)) => (Ok(batch), false),
            Ok(None) => break,
            Err(error) => (Err(error), true),
        };
        if send.send(next).await.is_err() || ended {
            break;
        }
    }
    // What it spilled is gone before the answer ends.
    drop(stream);
    drop(send);
}

async fn caught<T>(work: impl Future<Output = DataFusionResult<T>>, names: &[String]) -> Result<T> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => done.map_err(|error| failure::explain(error, names)),
        Err(_) => Err(failure::broke_off()),
    }
}

/// Leaves what panics in a statement's threads to the statement's error, and its text to the log.
pub fn quiet_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() == Some(THREADS) {
            tracing::debug!(%panic, "a statement panicked");
        } else {
            before(panic);
        }
    }));
}
