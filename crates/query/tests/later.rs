//! Tables that are made when a statement names them, and rows that are read when it scans them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use sellerlake_contracts::{Error, Kind, Result};
use sellerlake_query::meta::{Rows, when_scanned};
use sellerlake_query::{Session, SessionBuilder, Tables};

use crate::fixture::ask;

/// What was made and read, in order.
type Log = Arc<Mutex<Vec<String>>>;

/// A row for each of three sellers.
#[derive(Debug, Clone)]
struct Told {
    name: String,
    log: Log,
}

fn batch(seller: &str) -> RecordBatch {
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text.to_owned()])) };
    RecordBatch::try_from_iter([("seller_id", text(seller)), ("said", text(&format!("of {seller}")))]).unwrap()
}

impl Rows for Told {
    fn schema(&self) -> SchemaRef {
        batch("").schema()
    }

    fn read(&self, sellers: Option<&BTreeSet<String>>) -> BoxStream<'static, Result<RecordBatch>> {
        let (log, name) = (Arc::clone(&self.log), self.name.clone());
        log.lock().unwrap().push(format!("{name} of {sellers:?}"));
        let wanted = sellers.cloned();
        let all = ["A", "B", "C"].into_iter().filter(move |seller| wanted.as_ref().is_none_or(|w| w.contains(*seller)));
        let rows = all.map(batch).map(Ok).collect::<Vec<_>>();
        let fails = name == "broken";
        let failure = fails.then(|| Err(Error::permanent(Kind::Storage, "the state can't be read").hint("mend it")));
        stream::iter(rows.into_iter().chain(failure)).boxed()
    }
}

#[async_trait]
impl Tables for Told {
    fn names(&self, schema: &str) -> Vec<String> {
        if schema == "meta" { ["told", "broken", "others"].map(str::to_owned).into() } else { Vec::new() }
    }

    async fn table(&self, schema: &str, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if !self.names(schema).iter().any(|known| known == name) {
            return Ok(None);
        }
        self.log.lock().unwrap().push(format!("made {schema}.{name}"));
        Ok(Some(when_scanned(Arc::new(Self { name: name.to_owned(), log: Arc::clone(&self.log) }))))
    }
}

fn session() -> (Session, Log) {
    let log = Log::default();
    let tables: Arc<dyn Tables> = Arc::new(Told { name: String::new(), log: Arc::clone(&log) });
    (SessionBuilder::default().build_over(&tables).unwrap(), log)
}

#[tokio::test]
async fn nothing_is_made_or_read_for_who_does_not_ask() {
    let (session, log) = session();
    assert_eq!(ask(&session, "SELECT 1").await, "1");
    assert_eq!(ask(&session, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'meta'").await, "3");
    assert_eq!(session.names(), ["meta.broken", "meta.others", "meta.told"]);
    assert!(log.lock().unwrap().is_empty(), "{log:?}");
    ask(&session, "DESCRIBE meta.told").await;
    ask(&session, "EXPLAIN SELECT * FROM meta.told").await;
    assert_eq!(*log.lock().unwrap(), ["made meta.told"]);
    assert_eq!(ask(&session, "SELECT count(*) FROM meta.told AS a JOIN meta.told AS b USING (seller_id)").await, "3");
    assert_eq!(*log.lock().unwrap(), ["made meta.told", "told of None", "told of None"]);
}

#[tokio::test]
async fn only_the_sellers_that_a_statement_names_are_read() {
    let asked = async |condition: &str| {
        let (session, log) = session();
        let answer = ask(&session, &format!("SELECT said FROM meta.told WHERE {condition} ORDER BY said")).await;
        let read = log.lock().unwrap().last().cloned().unwrap();
        (answer.replace('\n', " "), read)
    };
    let of = |sellers: &[&str]| format!("told of {:?}", Some(sellers.iter().copied().collect::<BTreeSet<_>>()));
    assert_eq!(asked("seller_id = 'B'").await, ("of B".into(), of(&["B"])));
    assert_eq!(asked("'B' = seller_id AND said <> 'x'").await, ("of B".into(), of(&["B"])));
    assert_eq!(asked("seller_id IN ('A', 'C', 'D')").await, ("of A of C".into(), of(&["A", "C", "D"])));
    assert_eq!(asked("seller_id = 'A' OR seller_id = 'C'").await, ("of A of C".into(), of(&["A", "C"])));
    // What says more or other than that is left to the filter.
    assert_eq!(asked("seller_id = 'A' OR said = 'of B'").await, ("of A of B".into(), "told of None".into()));
    assert_eq!(asked("seller_id <> 'A'").await, ("of B of C".into(), "told of None".into()));
    assert_eq!(asked("seller_id NOT IN ('A', 'B', 'D', 'E')").await, ("of C".into(), "told of None".into()));
    assert_eq!(asked("said = 'of B'").await, ("of B".into(), "told of None".into()));
}

#[tokio::test]
async fn what_can_not_be_read_is_said_as_it_was() {
    let (session, _) = session();
    let error = async { session.sql("SELECT * FROM meta.broken").await?.collect().await }.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().contains("the state can't be read")),
        (Kind::Storage, true),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_limit_is_counted_after_the_filter() {
    let (session, _) = session();
    assert_eq!(ask(&session, "SELECT said FROM meta.told WHERE said LIKE '%C' LIMIT 1").await, "of C");
    assert_eq!(ask(&session, "SELECT count(*) FROM (SELECT * FROM meta.told LIMIT 2)").await, "2");
}
