//! Planning once, running often.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DataFusionError, ParamValues, Result as DataFusionResult, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::execution::context::SessionState;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::{EmptyRelation, LogicalPlan};
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionContext;
use futures::future::BoxFuture;
use sellerlake_contracts::{Error, Kind, Month, Result};
use sellerlake_schemas::{Findings, Table};

use crate::declarations::{Check, Dataset, Declarations, Stage};
use crate::functions;
use crate::stage::caught::caught;
use crate::stage::output::{column_mistakes, require, shape};
use crate::stage::placeholder::{Placeholder, visible_schema};
use crate::stage::row_key::unique;

/// Rows under which a second thread costs more than it brings.
const ROWS_WORTH_A_THREAD: u64 = 100_000;

/// What else goes on while a statement runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// Nothing: the run may spread over all threads.
    Alone,
    /// As many others as there are threads: a run on one thread keeps the order of its inputs, and so has less to do.
    Beside,
}

/// One input of a run.
pub struct StageInput {
    /// The rows, restricted to one seller and the months read.
    pub provider: Arc<dyn TableProvider>,
    /// How many, at most.
    pub rows: u64,
}

/// Makes a plan of a statement's text.
pub type Planner = for<'a> fn(&'a SessionState, &'a str) -> BoxFuture<'a, DataFusionResult<LogicalPlan>>;

/// A statement's name, and which of its inputs are empty.
type Variant = (String, Vec<String>);

/// Plans stages and checks, and runs each within the memory and spill directory it is given.
pub struct StageEngine {
    declarations: Arc<Declarations>,
    planner: SessionContext,
    plans_text: Planner,
    one_thread: SessionState,
    all_threads: SessionState,
    plans: Mutex<HashMap<Variant, Arc<LogicalPlan>>>,
}

impl StageEngine {
    /// An engine over these declarations; `threads` bounds the parallelism of one run. `engine` sets DataFusion up,
    /// given a number of threads, and `plans_text` makes a plan of a text: the same as for whoever queries the lake.
    pub fn new(
        declarations: Arc<Declarations>,
        runtime: &Arc<RuntimeEnv>,
        threads: usize,
        engine: fn(usize, &Arc<RuntimeEnv>) -> SessionStateBuilder,
        plans_text: Planner,
    ) -> Result<Self> {
        let context = |threads: usize| {
            let mut state = engine(threads, runtime);
            let config = state.config().take().unwrap_or_default().with_create_default_catalog_and_schema(true);
            let context = SessionContext::new_with_state(state.with_config(config).build());
            functions::all().into_iter().for_each(|function| context.register_udf(function));
            context
        };
        let planner = context(threads);
        for name in declarations.dataset_names() {
            if let Some(dataset) = declarations.dataset(name) {
                let table = Arc::new(Placeholder(visible_schema(&dataset)));
                planner.register_table(name, table).map_err(internal)?;
            }
        }
        let (one_thread, all_threads) = (context(1).state(), context(threads).state());
        Ok(Self { declarations, planner, plans_text, one_thread, all_threads, plans: Mutex::default() })
    }

    /// Plans everything declared, recording what can't be planned.
    pub async fn check(&self, findings: &mut Findings) {
        for stage in self.declarations.stages.values() {
            match self.statement(&stage.sql).await {
                Ok(plan) => {
                    check_inputs(stage, &plan, findings);
                    let mistakes = column_mistakes(&plan, &stage.table);
                    if mistakes.is_empty()
                        && let Err(error) = shape(plan, &stage.table)
                    {
                        findings.add(&stage.file, "sql", error.strip_backtrace());
                    }
                    mistakes.into_iter().for_each(|mistake| findings.add(&stage.file, "sql", mistake));
                }
                Err(error) => findings.add(&stage.file, "sql", error.strip_backtrace()),
            }
        }
        for check in self.declarations.checks.values().flatten() {
            let file = format!("transforms/checks/{}.sql", check.name);
            match self.statement(&check.sql).await {
                Ok(plan) => self.check_own_table(check, &file, &plan, findings),
                Err(error) => findings.add(&file, "sql", error.strip_backtrace()),
            }
        }
    }

    /// A check looks at rows that no table has yet: of other tables it would see other versions at other times.
    fn check_own_table(&self, check: &Check, file: &str, plan: &LogicalPlan, findings: &mut Findings) {
        let reference = |name: &str| matches!(self.declarations.dataset(name), Some(Dataset::Reference(_)));
        for name in tables_in(plan).iter().filter(|name| **name != check.into && !reference(name)) {
            findings.add(file, "sql", format!("a check sees {} and reference data, and not {name:?}", check.into));
        }
    }

    /// Runs a stage in the memory of `runtime`: rows in the declared schema and order; a required column without a value is an error, and so are
    /// two rows with the same key.
    pub async fn run(
        &self,
        stage: &Stage,
        inputs: &BTreeMap<String, StageInput>,
        month: Option<Month>,
        company: Company,
        runtime: &Arc<RuntimeEnv>,
    ) -> Result<SendableRecordBatchStream> {
        let named = |error: DataFusionError| stage_error(error, stage, month);
        let rows = async {
            let plan = self.prepared(&stage.table.name, &stage.sql, Some(&stage.table), inputs).await?;
            self.execute(&plan, inputs, month, company, runtime).await
        };
        let rows = caught(rows, &stage.table.name).await.map_err(named)?;
        unique(require(rows, &stage.table), &stage.table, &runtime.memory_pool).map_err(named)
    }

    /// Runs a check over the rows it looks at; what it yields is what is wrong.
    pub async fn run_check(
        &self,
        check: &Check,
        inputs: &BTreeMap<String, StageInput>,
        month: Option<Month>,
        company: Company,
        runtime: &Arc<RuntimeEnv>,
    ) -> Result<SendableRecordBatchStream> {
        let named = |error: DataFusionError| {
            Error::permanent(Kind::Data, "a check can't run").at("check.run").with("check", &check.name).source(error)
        };
        let rows = async {
            // A check may be called like a table.
            let plan = self.prepared(&format!("check {}", check.name), &check.sql, None, inputs).await?;
            self.execute(&plan, inputs, month, company, runtime).await
        };
        caught(rows, &check.name).await.map_err(named)
    }

    async fn statement(&self, sql: &str) -> DataFusionResult<LogicalPlan> {
        // A bare placeholder has no type until it is filled; planning happens before.
        let typed = sql.replace("$month", "CAST($month AS DATE)");
        (self.plans_text)(&self.planner.state(), &typed).await
    }

    /// The optimised plan for this set of empty inputs, made once: empty inputs fold away.
    async fn prepared(
        &self,
        name: &str,
        sql: &str,
        table: Option<&Arc<Table>>,
        inputs: &BTreeMap<String, StageInput>,
    ) -> DataFusionResult<Arc<LogicalPlan>> {
        let empty = inputs.iter().filter(|(_, input)| input.rows == 0).map(|(name, _)| name.clone());
        let key = (name.to_owned(), empty.collect::<Vec<_>>());
        if let Some(plan) = self.plans.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(plan));
        }
        let mut plan = self.statement(sql).await?;
        if let Some(table) = table {
            plan = shape(plan, table)?;
        }
        let plan = replace_scans(plan, |name, scan| {
            let empty = key.1.iter().any(|known| known == name);
            empty.then(|| {
                let LogicalPlan::TableScan(scan) = scan else { return scan.clone() };
                let schema = Arc::clone(&scan.projected_schema);
                LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema })
            })
        })?;
        let plan = Arc::new(self.planner.state().optimize(&plan)?);
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&plan));
        Ok(plan)
    }

    async fn execute(
        &self,
        plan: &LogicalPlan,
        inputs: &BTreeMap<String, StageInput>,
        month: Option<Month>,
        company: Company,
        runtime: &Arc<RuntimeEnv>,
    ) -> DataFusionResult<SendableRecordBatchStream> {
        let plan = replace_scans(plan.clone(), |name, scan| {
            let (input, LogicalPlan::TableScan(scan)) = (inputs.get(name)?, scan) else { return None };
            let mut scan = scan.clone();
            scan.source = provider_as_source(Arc::clone(&input.provider));
            Some(LogicalPlan::TableScan(scan))
        })?;
        let day = month.map(|month| arrow::datatypes::Date32Type::from_naive_date(month.first_day()));
        let values = ParamValues::from(vec![("month", ScalarValue::Date32(day))]);
        let plan = plan.replace_params_with_values(&values)?;
        let rows: u64 = inputs.values().map(|input| input.rows).sum();
        let spread = company == Company::Alone && rows >= ROWS_WORTH_A_THREAD;
        let state = if spread { &self.all_threads } else { &self.one_thread };
        let physical = state.query_planner().create_physical_plan(&plan, state).await?;
        let context = TaskContext::from(state).with_runtime(Arc::clone(runtime));
        execute_stream(physical, Arc::new(context))
    }
}

fn check_inputs(stage: &Stage, plan: &LogicalPlan, findings: &mut Findings) {
    let used = tables_in(plan);
    for name in used.iter().filter(|name| !stage.reads.contains_key(*name)) {
        findings.add(&stage.file, "reads", format!("the statement reads {name:?}, which `reads` doesn't name"));
    }
    for name in stage.reads.keys().filter(|name| !used.contains(name)) {
        findings.add(&stage.file, format!("reads.{name}"), "the statement doesn't read this");
    }
}

fn replace_scans(
    plan: LogicalPlan,
    mut replace: impl FnMut(&str, &LogicalPlan) -> Option<LogicalPlan>,
) -> DataFusionResult<LogicalPlan> {
    let replaced = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::TableScan(scan) = &node else { return Ok(Transformed::no(node)) };
        let found = replace(scan.table_name.table(), &node);
        Ok(found.map_or_else(|| Transformed::no(node.clone()), Transformed::yes))
    })?;
    Ok(replaced.data)
}

fn tables_in(plan: &LogicalPlan) -> Vec<String> {
    let mut names = Vec::new();
    // The closure never fails, and neither does the walk.
    let walked = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            names.push(scan.table_name.table().to_owned());
        }
        Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
    });
    debug_assert!(walked.is_ok());
    names
}

fn internal(error: DataFusionError) -> Error {
    Error::permanent(Kind::Internal, "can't set up the stage engine").at("stage.engine").source(error)
}

fn stage_error(error: DataFusionError, stage: &Stage, month: Option<Month>) -> Error {
    let mut failed = Error::permanent(Kind::Data, "a stage can't run").at("stage.run").with("stage", &stage.table.name);
    if let Some(month) = month {
        failed = failed.with("month", month);
    }
    failed.source(error)
}
