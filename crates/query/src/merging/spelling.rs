//! A statement whose joins by name are spelled out, query by query.

use std::mem::take;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, JoinConstraint, OrderBy, OrderByKind, Query, Select, SelectItem, SetExpr, Statement as Sql, TableFactor,
    TableWithJoins, VisitMut, VisitorMut,
};
use sellerlake_contracts::{Error, Result};

use super::columns::{Columns, Item, item};
use super::names::{Known, left_out, normal, own_name};
use super::substitution::substitute;
use super::{Tables, joins_by_name};
use crate::clauses::constraint;
use crate::failure;

pub(super) fn spell(sql: &mut Sql, tables: &Tables) -> Result<()> {
    let mut known = Known::new(tables);
    match sql {
        Sql::Query(query) => spell_query(query, &mut known),
        _ => Ok(()),
    }
}

fn spell_query(query: &mut Query, known: &mut Known<'_>) -> Result<()> {
    let mark = known.mark();
    if let Some(with) = &mut query.with {
        for table in &mut with.cte_tables {
            let outside = known.mark();
            if with.recursive {
                known.add_first(&table.alias, &table.query);
            }
            spell_query(&mut table.query, known)?;
            let names = known.of_query(&table.query);
            known.leave(outside);
            known.add(&table.alias, names);
        }
    }
    spell_body(&mut query.body, query.order_by.as_mut(), known)?;
    spell_subqueries(&mut query.order_by, known)?;
    spell_subqueries(&mut query.pipe_operators, known)?;
    known.leave(mark);
    Ok(())
}

fn spell_body(body: &mut SetExpr, order_by: Option<&mut OrderBy>, known: &mut Known<'_>) -> Result<()> {
    match body {
        SetExpr::Select(select) => spell_select(select, order_by, known),
        SetExpr::Query(query) => spell_query(query, known),
        SetExpr::SetOperation { left, right, .. } => {
            spell_body(left, None, known)?;
            spell_body(right, None, known)
        }
        SetExpr::Values(values) => spell_subqueries(values, known),
        _ => Ok(()),
    }
}

/// Queries among expressions.
fn spell_subqueries(part: &mut impl VisitMut, known: &mut Known<'_>) -> Result<()> {
    match part.visit(&mut Nested { known, depth: 0 }) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Nested<'a, 'k> {
    known: &'a mut Known<'k>,
    depth: usize,
}

impl VisitorMut for Nested<'_, '_> {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        self.depth += 1;
        let spelled = if self.depth == 1 { spell_query(query, self.known) } else { Ok(()) };
        spelled.map_or_else(ControlFlow::Break, ControlFlow::Continue)
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Error> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}

fn spell_select(select: &mut Select, order_by: Option<&mut OrderBy>, known: &mut Known<'_>) -> Result<()> {
    let mut tables = take(&mut select.from);
    for joined in &mut tables {
        spell_relations(joined, known)?;
    }
    if tables.iter_mut().any(joined_by_name) {
        let mut from = Columns::default();
        for joined in &mut tables {
            from = from.beside(known.joined(joined)?);
        }
        let mut items = Vec::new();
        for shown in take(&mut select.projection) {
            items.extend(spell_item(shown, &from)?);
        }
        select.projection = items;
        // The FROM isn't there at the moment: only what speaks of it.
        substitute(select, &from, known)?;
        if let Some(order_by) = order_by {
            spell_order(order_by, &select.projection, &from, known)?;
        }
    }
    spell_subqueries(select, known)?;
    select.from = tables;
    Ok(())
}

fn joined_by_name(tables: &mut TableWithJoins) -> bool {
    let nested = |relation: &mut TableFactor| match relation {
        TableFactor::NestedJoin { table_with_joins, .. } => joined_by_name(table_with_joins),
        _ => false,
    };
    let TableWithJoins { relation, joins } = tables;
    nested(relation)
        || joins.iter_mut().any(|join| {
            constraint(&mut join.join_operator).is_some_and(|by| joins_by_name(by)) || nested(&mut join.relation)
        })
}

fn spell_relations(tables: &mut TableWithJoins, known: &mut Known<'_>) -> Result<()> {
    let TableWithJoins { relation, joins } = tables;
    spell_relation(relation, known)?;
    for join in joins {
        spell_relation(&mut join.relation, known)?;
        if let Some(JoinConstraint::On(condition)) = constraint(&mut join.join_operator) {
            spell_subqueries(condition, known)?;
        }
    }
    Ok(())
}

fn spell_relation(relation: &mut TableFactor, known: &mut Known<'_>) -> Result<()> {
    match relation {
        TableFactor::NestedJoin { table_with_joins, .. } => spell_relations(table_with_joins, known),
        other => spell_subqueries(other, known),
    }
}

/// What one item of a SELECT list stands for.
fn spell_item(shown: SelectItem, from: &Columns) -> Result<Vec<SelectItem>> {
    match shown {
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => {
            let name_alone = normal(&name);
            let merged = from.merged(&name_alone).map(|value| item(&name_alone, value));
            Ok(vec![merged.unwrap_or(SelectItem::UnnamedExpr(Expr::Identifier(name)))])
        }
        SelectItem::Wildcard(options) => match left_out(&options) {
            Some(without) => from.star(&without),
            None => Err(failure::query("a star with ILIKE or REPLACE over a join by USING or NATURAL")
                .hint("name the columns, or put the join into a subquery")),
        },
        other => Ok(vec![other]),
    }
}

/// ORDER BY means what the SELECT list shows, and then what the FROM does.
fn spell_order(order_by: &mut OrderBy, items: &[SelectItem], from: &Columns, known: &mut Known<'_>) -> Result<()> {
    let OrderByKind::Expressions(terms) = &mut order_by.kind else { return Ok(()) };
    let shown = |name: &str| {
        items.iter().any(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => normal(alias) == name,
            SelectItem::UnnamedExpr(expr) => own_name(expr).as_deref() == Some(name),
            _ => false,
        })
    };
    let mut others = from.clone();
    others.0.retain(|column| !matches!(column, Item::Merged { name, .. } if shown(name)));
    terms.iter_mut().try_for_each(|term| substitute(&mut term.expr, &others, known))
}
