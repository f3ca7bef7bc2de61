//! Clauses that are answered, and what is said of the others.
//!
//! The parser understands many dialects, the planner less than that, and of much that it doesn't understand it says
//! nothing: a FILTER of the wrong function, a sample, a ROLLUP at the end of a GROUP BY are left out, and the answer is
//! another question's. What is answered is listed here, clause by clause: the structs of the syntax tree are taken apart
//! without `..`, so that a clause which a later parser knows fails to compile until somebody has decided about it.

mod expressions;
mod functions;
mod numbers;
mod queries;
mod relations;

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Query, Select, Statement as Sql, TableFactor, Visit, Visitor};
use sellerlake_contracts::{Error, Result};

use crate::failure;

pub(crate) use numbers::numbers;
pub(crate) use relations::{by_name, constraint};

/// Refuses a statement with a clause that would be left out.
pub(crate) fn check(statement: &Statement) -> Result<()> {
    match statement {
        Statement::Statement(sql) => check_sql(sql),
        Statement::Explain(explain) => check(&explain.statement),
        _ => Ok(()),
    }
}

pub(crate) fn check_sql(sql: &Sql) -> Result<()> {
    match sql.visit(&mut Clauses) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Clauses;

impl Visitor for Clauses {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        decide(queries::query(query))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Error> {
        decide(queries::select(select))
    }

    fn pre_visit_table_factor(&mut self, relation: &TableFactor) -> ControlFlow<Error> {
        decide(relations::relation(relation))
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Error> {
        decide(expressions::expression(expr))
    }
}

fn decide(checked: Result<()>) -> ControlFlow<Error> {
    checked.map_or_else(ControlFlow::Break, ControlFlow::Continue)
}

/// Refuses a clause if it is there, and says what to write instead.
fn none(there: bool, clause: &str, instead: &str) -> Result<()> {
    if there { Err(refused(clause, instead)) } else { Ok(()) }
}

fn refused(clause: &str, instead: &str) -> Error {
    failure::query(&format!("{clause} is not understood here")).hint(instead)
}

/// One of a syntax tree's parts as it is written, cut where it is long.
fn written(part: &dyn std::fmt::Display) -> String {
    const LONGEST: usize = 60;
    let text = part.to_string().replace('\n', " ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text,
    }
}
