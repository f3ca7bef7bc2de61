//! Joins by the names of columns: USING and NATURAL.
//!
//! What they join by is one column, which has a value wherever either side has one. DataFusion takes it from one of the
//! sides, and for `*` from the one whose name comes first in the alphabet: NULL in rows that an outer join made of the
//! other. Such joins are spelled out before it plans: ON compares the sides, and the column's name and `*` stand for the
//! side that always has a value, or for `coalesce(left, right)`.

mod columns;
mod names;
mod spelling;
mod substitution;

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::common::Result as DataFusionResult;
use datafusion::execution::SessionState;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{JoinConstraint, Select, Statement as Sql, TableFactor, Visit, Visitor};
use sellerlake_contracts::Result;

use crate::clauses::by_name;

/// The names of each table's columns, by the name of the table as statements write it.
type Tables = HashMap<String, Vec<String>>;

/// The same statement without USING and NATURAL.
pub(crate) async fn spelled_out(state: &SessionState, mut statement: Statement) -> DataFusionResult<Result<Statement>> {
    if !sql(&mut statement).is_some_and(|sql| sql.visit(&mut ByName).is_break()) {
        return Ok(Ok(statement));
    }
    let mut tables = Tables::new();
    for reference in state.resolve_table_references(&statement)? {
        let table = state.schema_for_ref(reference.clone())?.table(reference.table()).await?;
        let Some(table) = table else {
            // Of a function's columns nobody knows the names; of a table that isn't there the planner speaks.
            if state.table_functions().contains_key(reference.table()) {
                continue;
            }
            return Ok(Ok(statement));
        };
        let names = table.schema().fields().iter().map(|field| field.name().clone()).collect();
        tables.insert(reference.to_string(), names);
    }
    let spelled = sql(&mut statement).map_or(Ok(()), |sql| spelling::spell(sql, &tables));
    Ok(spelled.map(|()| statement))
}

/// The statement that asks, within those that explain.
fn sql(statement: &mut Statement) -> Option<&mut Sql> {
    let mut sql = match statement {
        Statement::Statement(sql) => sql.as_mut(),
        Statement::Explain(explain) => return self::sql(&mut explain.statement),
        _ => return None,
    };
    while let Sql::Explain { statement, .. } = sql {
        sql = statement.as_mut();
    }
    Some(sql)
}

/// Whether a statement joins by names anywhere.
struct ByName;

impl Visitor for ByName {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let found = select.from.iter().flat_map(|tables| &tables.joins).any(|join| by_name(&join.join_operator));
        if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn pre_visit_table_factor(&mut self, relation: &TableFactor) -> ControlFlow<()> {
        match relation {
            TableFactor::NestedJoin { table_with_joins, .. }
                if table_with_joins.joins.iter().any(|join| by_name(&join.join_operator)) =>
            {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

fn joins_by_name(constraint: &JoinConstraint) -> bool {
    matches!(constraint, JoinConstraint::Using(_) | JoinConstraint::Natural)
}
