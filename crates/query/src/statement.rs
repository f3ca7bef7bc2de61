//! Which statements a session answers.

use std::collections::BTreeSet;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{Query, SetExpr, Statement as Sql};
use sellerlake_contracts::{Error, Kind, Result};

use crate::naming::LAKE;
use crate::{clauses, depth, distinct_from, expansion, failure};

/// Parses one statement that only reads: SELECT, WITH, VALUES, EXPLAIN of those, SHOW, DESCRIBE.
pub(crate) fn parse(text: &str) -> Result<Statement> {
    if depth::of(text) > depth::LIMIT {
        return Err(failure::query("the statement chains or nests too deep")
            .with("limit", depth::LIMIT)
            .hint("write long chains of OR as IN (...), and sums of many terms in steps"));
    }
    clauses::numbers(text)?;
    let text = distinct_from::in_parentheses(text);
    let parser = DFParserBuilder::new(text.as_ref()).with_recursion_limit(RECURSION_LIMIT).build();
    let statements = parser.and_then(|mut parser| parser.parse_statements());
    let mut statements = statements.map_err(|error| failure::explain(error, &[]))?;
    let statement = statements.pop_front().ok_or_else(|| refused("an empty statement"))?;
    if !statements.is_empty() {
        return Err(refused("several statements at once").hint("send one statement at a time"));
    }
    allow(&statement)?;
    clauses::check(&statement)?;
    expansion::check(&statement)?;
    Ok(statement)
}

/// The tables of `lake` that a statement names.
pub fn tables(text: &str) -> Result<BTreeSet<String>> {
    let found = resolve_table_references(&parse(text)?, true).map_err(|error| failure::explain(error, &[]))?;
    let of_lake = found.0.into_iter().filter(|name| name.schema().is_none_or(|schema| schema == LAKE));
    Ok(of_lake.map(|name| name.table().to_owned()).collect())
}

/// Nesting that a person never writes, and that would exhaust the stack.
const RECURSION_LIMIT: usize = 50;

fn allow(statement: &Statement) -> Result<()> {
    match statement {
        Statement::Statement(sql) => allow_sql(sql),
        Statement::Explain(explain) => allow(&explain.statement),
        Statement::CreateExternalTable(_) => Err(refused("CREATE EXTERNAL TABLE")),
        Statement::CopyTo(_) => {
            Err(refused("COPY").hint("choose a format for the answer instead: csv, json or parquet"))
        }
        Statement::Reset(_) => Err(refused("RESET")),
    }
}

fn allow_sql(sql: &Sql) -> Result<()> {
    match sql {
        Sql::Query(query) => allow_query(query),
        Sql::Explain { statement, .. } => allow_sql(statement),
        Sql::ExplainTable { .. }
        | Sql::ShowTables { .. }
        | Sql::ShowColumns { .. }
        | Sql::ShowFunctions { .. }
        | Sql::ShowVariable { .. } => Ok(()),
        other => Err(refused(&verb(other))),
    }
}

fn allow_query(query: &Query) -> Result<()> {
    if let Some(with) = &query.with {
        with.cte_tables.iter().try_for_each(|table| allow_query(&table.query))?;
    }
    allow_body(&query.body)
}

fn allow_body(body: &SetExpr) -> Result<()> {
    match body {
        SetExpr::Select(select) if select.into.is_some() => Err(refused("SELECT INTO")),
        SetExpr::Select(_) | SetExpr::Values(_) | SetExpr::Table(_) => Ok(()),
        SetExpr::Query(query) => allow_query(query),
        SetExpr::SetOperation { left, right, .. } => allow_body(left).and_then(|()| allow_body(right)),
        SetExpr::Insert(inner) | SetExpr::Update(inner) | SetExpr::Delete(inner) | SetExpr::Merge(inner) => {
            Err(refused(&verb(inner)))
        }
    }
}

/// The statement's leading words in capitals: `CREATE TABLE`, `INSERT`, `SET`.
fn verb(sql: &Sql) -> String {
    let text = sql.to_string();
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    let two = matches!(words.first(), Some(&"CREATE" | &"DROP" | &"ALTER" | &"SHOW"));
    words.into_iter().take(if two { 2 } else { 1 }).collect::<Vec<_>>().join(" ").to_uppercase()
}

fn refused(what: &str) -> Error {
    Error::permanent(Kind::Query, format!("{what} is not allowed here"))
        .at("query.parse")
        .hint("a session only reads: SELECT, WITH, VALUES, EXPLAIN, SHOW and DESCRIBE")
}
