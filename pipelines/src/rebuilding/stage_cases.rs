//! Statements that DataFusion alone answers wrongly, as stages. The sessions' side of the same cases is in
//! `crates/query`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field};
use datafusion::datasource::MemTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use sellerlake_transforms::Declarations;
use sellerlake_transforms::stage::{Company, StageEngine, StageInput, table_schema};
use serde::Deserialize;

/// `tests/cases/sql/NAME.toml`.
#[derive(Deserialize)]
struct Case {
    sql: String,
    columns: toml::Table,
    #[serde(default)]
    rows: Vec<String>,
    error: Option<String>,
}

fn cases() -> PathBuf {
    PathBuf::from("../tests/cases/sql")
}

/// The case as a user would declare it: a rollup, and the table it makes, sorted by all its columns.
fn declare(folder: &Path, name: &str, case: &Case) {
    let column = |(name, kind): (&String, &toml::Value)| format!("{name} = {{ type = {kind}, doc = \"A column.\" }}\n");
    let columns: String = case.columns.iter().map(column).collect();
    let sort: Vec<&String> = case.columns.keys().collect();
    let table = format!("version = 1\ndoc = \"A case.\"\ngrain = \"none\"\nsort = {sort:?}\n\n[columns]\n{columns}");
    let stage = format!("/*\ndoc = \"A case.\"\n[reads]\n*/\n{}", case.sql);
    for (file, text) in [("schemas/tables/{}.toml", table), ("transforms/rollups/{}.sql", stage)] {
        let path = folder.join(file.replace("{}", name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn engine(declarations: &Arc<Declarations>, threads: usize) -> StageEngine {
    let (engine, plans) = (sellerlake_query::engine, sellerlake_query::planned);
    StageEngine::new(Arc::clone(declarations), &Arc::default(), threads, engine, plans).unwrap()
}

async fn rows(engine: &StageEngine, declarations: &Declarations, name: &str, inputs: &Inputs) -> Vec<String> {
    let stage = &declarations.stages[name];
    let stream = engine
        .run(stage, inputs, None, Company::Alone, &Arc::default())
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let batches: Vec<_> = stream.try_collect().await.unwrap();
    let mut out = Vec::new();
    let mut writer = arrow::csv::WriterBuilder::new().with_header(false).build(&mut out);
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    drop(writer);
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

/// What a stage says that can't be run to its end.
async fn fails(engine: &StageEngine, declarations: &Declarations, name: &str) -> String {
    let stage = &declarations.stages[name];
    let failed = match engine.run(stage, &Inputs::new(), None, Company::Alone, &Arc::default()).await {
        Err(error) => return format!("{error:?}"),
        Ok(stream) => stream.try_collect::<Vec<_>>().await.expect_err(name),
    };
    sellerlake_query::explain(failed, &[]).to_string()
}

type Inputs = BTreeMap<String, StageInput>;

#[tokio::test]
async fn a_stage_answers_rightly() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(cases()).unwrap() {
        let path = entry.unwrap().path();
        let case: Case = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        declare(folder.path(), &name, &case);
        found.insert(name, case);
    }
    let declarations = Arc::new(Declarations::load(Some(folder.path())).unwrap_or_else(|error| panic!("{error:?}")));
    let engine = engine(&declarations, 2);
    for (name, mut case) in found {
        if let Some(error) = &case.error {
            let failed = fails(&engine, &declarations, &name).await;
            assert_eq!(failed, *error, "{name}");
            continue;
        }
        // The table's order is the stage's, whatever the statement asks for.
        case.rows.sort_unstable();
        assert_eq!(rows(&engine, &declarations, &name, &Inputs::new()).await, case.rows, "{name}");
    }
}

fn breaks_off(threads: usize, runtime: &Arc<RuntimeEnv>) -> SessionStateBuilder {
    let mut builder = sellerlake_query::engine(threads, runtime);
    let by_order = |_: &[ColumnarValue]| panic!("by order of the test");
    let function =
        create_udf("breaks_off", vec![DataType::Int64], DataType::Int64, Volatility::Volatile, Arc::new(by_order));
    builder.scalar_functions().get_or_insert_default().push(Arc::new(function));
    builder
}

/// A stage that breaks the engine fails under its name, and the next one runs.
#[tokio::test]
async fn a_panic_is_an_error_of_its_stage() {
    let folder = tempfile::TempDir::new().unwrap();
    let columns = toml::Table::from_iter([("n".to_owned(), toml::Value::String("int".to_owned()))]);
    let case = |sql: &str, rows: &[&str]| Case {
        sql: sql.to_owned(),
        columns: columns.clone(),
        rows: rows.iter().map(|row| (*row).to_owned()).collect(),
        error: None,
    };
    let stages = [
        ("at_once", case("SELECT breaks_off(1) AS n", &[])),
        ("amid_rows", case("SELECT breaks_off(i) AS n FROM generate_series(1, 100000) AS t(i)", &[])),
        ("sound", case("SELECT 7 AS n", &["7"])),
    ];
    stages.iter().for_each(|(name, case)| declare(folder.path(), name, case));
    let declarations = Arc::new(Declarations::load(Some(folder.path())).unwrap_or_else(|error| panic!("{error:?}")));
    let plans = sellerlake_query::planned;
    let engine = StageEngine::new(Arc::clone(&declarations), &Arc::default(), 2, breaks_off, plans).unwrap();
    for (name, _) in &stages[..2] {
        let started =
            engine.run(&declarations.stages[*name], &Inputs::new(), None, Company::Alone, &Arc::default()).await;
        let words = match started {
            Err(error) => format!("{error:#}"),
            Ok(rows) => rows.try_collect::<Vec<_>>().await.unwrap_err().to_string(),
        };
        assert!(words.contains("met a fault of the query engine") && words.contains(name), "{name}: {words}");
        assert!(!words.contains("by order of the test"), "{name}: {words}");
    }
    assert_eq!(rows(&engine, &declarations, "sound", &Inputs::new()).await, stages[2].1.rows);
}

/// Rows of a declared table: columns that aren't named are NULL.
async fn input(declarations: &Declarations, name: &str, columns: &str, values: &str) -> StageInput {
    let schema = table_schema(&declarations.stages[name].table);
    let cast = |field: &Arc<Field>| {
        let known = columns.split(", ").any(|column| column == field.name());
        let value = if known { field.name() } else { "NULL" };
        format!("arrow_cast({value}, '{}') AS {}", field.data_type(), field.name())
    };
    let shown: Vec<String> = schema.fields().iter().map(cast).collect();
    let sql = format!("SELECT {} FROM (VALUES {values}) AS given ({columns})", shown.join(", "));
    let rows = SessionContext::new().sql(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let batches = rows.collect().await.unwrap();
    let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
    let batches = batches.iter().map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()));
    let batches = batches.collect::<Result<Vec<_>, _>>().unwrap();
    StageInput { provider: Arc::new(MemTable::try_new(schema, vec![batches]).unwrap()), rows }
}

/// Stock is counted once, however many days of sales a SKU has.
#[tokio::test]
async fn stock_of_a_sku_is_one_row() {
    let declarations = Arc::new(Declarations::load(None).unwrap());
    let (us, jp) = ("ATVPDKIKX0DER", "A1VC38T7YXB528");
    let days = |market: &str, sku: &str| {
        (1..=9).map(|day| format!("(DATE '2026-03-0{day}', '{market}', '{sku}', {day}, 0, 0)")).collect::<Vec<_>>()
    };
    let sales = [days(us, "S1"), days(us, "S2"), days(jp, "S1")].concat().join(", ");
    let listed = |market: &str, sku: &str, day: &str, units: u32| {
        format!("('{market}', '{sku}', DATE '2026-03-{day}', false, {units})")
    };
    let stock = [listed(us, "S1", "10", 40), listed(us, "S2", "10", 7), listed(us, "S3", "10", 1)];
    let stock = [&stock[..], &[listed(jp, "S1", "10", 5), listed(us, "S1", "01", 900)]].concat().join(", ");
    let mut inputs = Inputs::new();
    for (name, columns, values) in [
        ("inventory", "marketplace_id, sku, snapshot_day, is_pool_repeat, available_units", &stock),
        ("daily_sales", "local_day, marketplace_id, sku, units, mcf_units, replacement_units", &sales),
        ("listings", "marketplace_id, sku, is_active", &format!("('{us}', 'S1', true)")),
    ] {
        inputs.insert(name.to_owned(), input(&declarations, name, columns, values).await);
    }
    let markets = declarations.schemas.references["marketplaces"].rows.clone();
    let rows = markets.num_rows() as u64;
    let provider = Arc::new(MemTable::try_new(markets.schema(), vec![vec![markets]]).unwrap());
    inputs.insert("marketplaces".to_owned(), StageInput { provider, rows });
    for threads in [1, 2] {
        let engine = engine(&declarations, threads);
        let mut stock = Vec::new();
        for row in self::rows(&engine, &declarations, "inventory_health", &inputs).await {
            let cells: Vec<&str> = row.split(',').collect();
            stock.push(format!("{} {} {}", cells[1], cells[2], cells[6]));
        }
        let expected = [(jp, "S1 5"), (us, "S1 40"), (us, "S2 7"), (us, "S3 1")];
        assert_eq!(stock, expected.map(|(market, rest)| format!("{market} {rest}")));
    }
}
