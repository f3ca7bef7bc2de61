//! One principal's tables, and answers to its statements within its limits.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, SchemaProvider, TableProvider};
use datafusion::datasource::ViewTable;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{MemoryPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::ScalarUDF;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use futures::{Stream, StreamExt};
use sellerlake_contracts::{Error, Kind, Result};
use tokio::time::{Instant, Sleep};

use crate::budget::{Budget, Given, Portion, Share};
use crate::engine::engine;
use crate::naming::{CATALOG, LAKE};
use crate::plain::plain;
use crate::running::{Running, elsewhere};
use crate::shelf::{Shelf, Tables};
use crate::table::objects_in;
use crate::{failure, planning, statement, stores};

/// Statements that begin side by side with what their share has.
fn at_once(share: Share) -> usize {
    if share == Share::Asking { 8 } else { 1 }
}

/// What a session may use, and the functions it knows.
#[derive(Debug, Clone)]
pub struct SessionBuilder {
    /// The memory that the session's statements share with whatever else has the same budget.
    pub memory: Budget,
    /// Which part of it they begin with: [`Share::Heavy`] after a statement that [ran short](Session::was_crowded).
    pub share: Share,
    /// Threads a query spreads over.
    pub target_partitions: usize,
    /// Rows an answer may have; one row more is an error, so that nobody takes a part for the whole.
    pub row_limit: Option<u64>,
    /// Time from the statement to the last row of its answer.
    pub timeout: Option<Duration>,
    /// Where sorts and aggregates spill; without it they fail once memory is used up.
    pub spill_dir: Option<PathBuf>,
    /// Disk space for spilling, in bytes.
    pub spill_limit_bytes: u64,
    /// The published functions.
    pub functions: Vec<ScalarUDF>,
}

impl Default for SessionBuilder {
    fn default() -> Self {
        Self {
            memory: Budget::new(512 * 1024 * 1024),
            share: Share::Asking,
            target_partitions: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            row_limit: None,
            timeout: None,
            spill_dir: None,
            spill_limit_bytes: 16 * 1024 * 1024 * 1024,
            functions: Vec::new(),
        }
    }
}

impl SessionBuilder {
    /// A session without tables.
    pub fn build(&self) -> Result<Session> {
        self.over(None)
    }

    /// A session over these tables, each made when a statement names it.
    pub fn build_over(&self, tables: &Arc<dyn Tables>) -> Result<Session> {
        self.over(Some(tables))
    }

    fn over(&self, tables: Option<&Arc<dyn Tables>>) -> Result<Session> {
        let portion = self.memory.portion();
        let runtime = self.runtime(&portion).map_err(|error| failure::explain(error, &[]))?;
        let catalog = Arc::new(MemoryCatalogProvider::new());
        for schema in [LAKE, "sources", "meta"] {
            let provider: Arc<dyn SchemaProvider> = Arc::new(Shelf::new(schema, tables.cloned()));
            catalog.register_schema(schema, provider).map_err(|error| failure::explain(error, &[]))?;
        }
        let state = engine(self.target_partitions, &Arc::new(runtime))
            // Nothing may turn a location into a table.
            .with_table_factories(std::collections::HashMap::new())
            .build();
        let context = SessionContext::new_with_state(state);
        context.register_catalog(CATALOG, Arc::clone(&catalog) as Arc<dyn CatalogProvider>);
        for function in &self.functions {
            context.register_udf(function.clone());
        }
        let (row_limit, timeout, threads) = (self.row_limit, self.timeout, self.target_partitions);
        let first_bytes = self.memory.share_bytes(self.share) / at_once(self.share);
        let share = self.share;
        Ok(Session { context, catalog, portion, share, first_bytes, row_limit, timeout, threads })
    }

    fn runtime(&self, portion: &Portion) -> datafusion::error::Result<RuntimeEnv> {
        let consumers = std::num::NonZeroUsize::MIN.saturating_add(4);
        let pool: Arc<dyn MemoryPool> = Arc::new(TrackConsumersPool::new(portion.clone(), consumers));
        let mode = match &self.spill_dir {
            Some(dir) => DiskManagerMode::Directories(vec![dir.clone()]),
            None => DiskManagerMode::Disabled,
        };
        let disk = DiskManagerBuilder::default().with_mode(mode).with_max_temp_directory_size(self.spill_limit_bytes);
        RuntimeEnvBuilder::new()
            .with_memory_pool(pool)
            .with_disk_manager_builder(disk)
            .with_object_store_registry(Arc::new(stores::NoStores))
            .build()
    }
}

/// One principal's tables. What isn't registered doesn't exist in it.
pub struct Session {
    context: SessionContext,
    catalog: Arc<MemoryCatalogProvider>,
    /// What its statements have of the budget, all together.
    portion: Portion,
    share: Share,
    /// What a statement begins with.
    first_bytes: usize,
    row_limit: Option<u64>,
    timeout: Option<Duration>,
    threads: usize,
}

impl Session {
    /// Adds a table: `lake` for tables, rollups and references, `sources` or `meta`.
    pub fn register(&self, schema: &str, table: &str, provider: Arc<dyn TableProvider>) -> Result<()> {
        let unknown = || Error::permanent(Kind::Internal, "no such schema in a session").with("schema", schema);
        let schema = self.catalog.schema(schema).ok_or_else(unknown)?;
        schema.register_table(table.to_owned(), provider).map_err(|error| failure::explain(error, &[]))?;
        Ok(())
    }

    /// Plans one statement and starts to answer it. Only statements that read are allowed.
    ///
    /// Errors are [`Kind::Query`] (not allowed, or wrong), [`Kind::Limit`] (memory, rows, time),
    /// [`Kind::Conflict`] (an object was replaced: heal the catalogue, build the session again, ask again;
    /// see [`replaced`](crate::replaced)) or [`Kind::Storage`]; [`Kind::Internal`] where DataFusion broke off. The
    /// answer's stream raises the same.
    pub async fn sql(&self, text: &str) -> Result<Answer> {
        let deadline = self.timeout.map(|timeout| (timeout, Instant::now() + timeout));
        let (statement, context) = (statement::parse(text)?, self.context.clone());
        let given = in_time(deadline, self.portion.take(self.share, self.first_bytes)).await?;
        let mut running = Running::start(self.threads, self.names(), async move {
            let rows = execute_stream(plan(&context, statement).await?, context.task_ctx())?;
            Ok(plain(rows))
        })?;
        let planned = in_time(deadline, &mut running.planned).await?;
        let broken = |_| Error::permanent(Kind::Internal, "the query engine stopped").at("query.plan");
        Ok(Answer {
            schema: planned.map_err(broken)??,
            first: None,
            rows: 0,
            row_limit: self.row_limit,
            deadline: deadline.map(|(timeout, at)| (timeout, Box::pin(tokio::time::sleep_until(at)))),
            running: Some(running),
            _given: given,
        })
    }

    /// A statement over this session's tables as a table for another session.
    pub async fn view(&self, text: &str) -> Result<Arc<dyn TableProvider>> {
        let (statement, context) = (statement::parse(text)?, self.context.clone());
        let planned = async move {
            let plan = planning::plan(&context.state(), statement).await?;
            only_reads().verify_plan(&plan).map(|()| plan)
        };
        Ok(Arc::new(ViewTable::new(elsewhere(planned, self.names()).await?, None)))
    }

    /// The objects a statement would read, by path.
    pub async fn reads(&self, text: &str) -> Result<BTreeSet<String>> {
        let (statement, context) = (statement::parse(text)?, self.context.clone());
        let objects = async move { plan(&context, statement).await.map(|plan| objects_in(&plan)) };
        elsewhere(objects, self.names()).await
    }

    /// Whether a statement was refused memory that others had: asked again with [`Share::Heavy`], it may be answered.
    pub fn was_crowded(&self) -> bool {
        self.portion.was_crowded()
    }

    /// The session's tables: bare names, and `schema.table` outside `lake`.
    pub fn names(&self) -> Vec<String> {
        let of = |schema: String| {
            let tables = self.catalog.schema(&schema).map(|tables| tables.table_names()).unwrap_or_default();
            tables.into_iter().map(move |table| if schema == LAKE { table } else { format!("{schema}.{table}") })
        };
        let mut names: Vec<String> = self.catalog.schema_names().into_iter().flat_map(of).collect();
        names.sort_unstable();
        names
    }
}

/// A query runs in real time, whatever the clock of the lake says.
async fn in_time<T>(deadline: Option<(Duration, Instant)>, work: impl Future<Output = T>) -> Result<T> {
    match deadline {
        Some((timeout, at)) => tokio::time::timeout_at(at, work).await.map_err(|_| too_slow(timeout)),
        None => Ok(work.await),
    }
}

async fn plan(context: &SessionContext, statement: Statement) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
    let state = context.state();
    let plan = planning::plan(&state, statement).await?;
    only_reads().verify_plan(&plan)?;
    state.create_physical_plan(&plan).await
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("tables", &self.names()).finish_non_exhaustive()
    }
}

fn only_reads() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}

/// A stream of batches within the session's limits. Dropping it stops the query.
///
/// It ends after the first error.
pub struct Answer {
    schema: SchemaRef,
    running: Option<Running>,
    /// The first batch, where [`Answer::ready`] waited for it.
    first: Option<RecordBatch>,
    rows: u64,
    row_limit: Option<u64>,
    deadline: Option<(Duration, Pin<Box<Sleep>>)>,
    /// Given back after all that runs.
    _given: Given,
}

impl Answer {
    /// The columns of every batch.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Waits for the first batch, so that what fails before a row is sent fails here and the caller can still
    /// plan again. The batch stays part of the stream.
    pub async fn ready(mut self) -> Result<Self> {
        if self.first.is_none() {
            self.first = self.next().await.transpose()?;
        }
        Ok(self)
    }

    /// All batches at once, for answers known to be small.
    pub async fn collect(mut self) -> Result<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await {
            batches.push(batch?);
        }
        Ok(batches)
    }

    fn admit(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        self.rows += batch.num_rows() as u64;
        match self.row_limit {
            Some(limit) if self.rows > limit => Err(Error::permanent(Kind::Limit, "the answer has too many rows")
                .at("query.run")
                .with("limit", limit)
                .hint("aggregate, filter, or add LIMIT")),
            _ => Ok(batch),
        }
    }
}

impl Stream for Answer {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(first) = this.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let Some(running) = &mut this.running else { return Poll::Ready(None) };
        if let Some((timeout, sleep)) = &mut this.deadline
            && sleep.as_mut().poll(cx).is_ready()
        {
            let error = too_slow(*timeout);
            this.running = None;
            return Poll::Ready(Some(Err(error)));
        }
        let next = match running.rows.poll_recv(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(next) => next.map(|batch| batch.and_then(|batch| this.admit(batch))),
        };
        if !matches!(next, Some(Ok(_))) {
            this.running = None;
        }
        Poll::Ready(next)
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("schema", &self.schema).finish_non_exhaustive()
    }
}

fn too_slow(timeout: Duration) -> Error {
    Error::permanent(Kind::Limit, "the query took too long")
        .at("query.run")
        .with("timeout_ms", timeout.as_millis())
        .hint("ask for fewer months or columns, use a rollup, or raise the time limit for queries")
}
