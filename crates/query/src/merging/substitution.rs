//! ColumnNames of columns that were joined by, and what they stand for.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, LambdaFunction, OneOrManyWithParens, Query, SetExpr, VisitMut, VisitorMut,
};
use sellerlake_contracts::{Error, Result};

use super::columns::{ColumnNames, Columns};
use super::names::{Known, normal};
use crate::failure;

/// Puts in the place of each such name what it stands for, in subqueries where they mean it.
pub(super) fn substitute(part: &mut impl VisitMut, from: &Columns, known: &mut Known<'_>) -> Result<()> {
    match part.visit(&mut Substitution { from, known, within: Vec::new() }) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Substitution<'a, 'k> {
    from: &'a Columns,
    known: &'a mut Known<'k>,
    /// The subqueries around the place: the common tables outside each, and what the FROM of each of its SELECTs shows.
    within: Vec<(usize, Vec<ColumnNames>)>,
}

impl Substitution<'_, '_> {
    /// Whether a name means something of a subquery.
    fn is_inner(&self, name: &str) -> Result<bool> {
        for (_, selects) in &self.within {
            let shown = |names: &ColumnNames| names.as_ref().map(|names| names.iter().flatten().any(|own| own == name));
            let mut selects = selects.iter().map(shown);
            let first = selects.next().unwrap_or(Some(false));
            if first.is_none() || selects.any(|other| other != first) {
                return Err(failure::query(&format!("whose column {name:?} is meant in a subquery can't be told"))
                    .hint("write it with its table's name: t.column"));
            }
            if first == Some(true) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl VisitorMut for Substitution<'_, '_> {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        let mark = self.known.mark();
        self.known.enter(query);
        let mut selects = Vec::new();
        froms(&query.body, self.known, &mut selects);
        self.within.push((mark, selects));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Error> {
        if let Some((mark, _)) = self.within.pop() {
            self.known.leave(mark);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        let Expr::Lambda(LambdaFunction { params, .. }) = expr else { return ControlFlow::Continue(()) };
        let params = match params {
            OneOrManyWithParens::One(one) => std::slice::from_ref(one),
            OneOrManyWithParens::Many(many) => many.as_slice(),
        };
        match params.iter().map(|param| normal(&param.name)).find(|name| self.from.merged(name).is_some()) {
            Some(name) => ControlFlow::Break(
                failure::query(&format!("a lambda's parameter is called like the column {name:?} of a join"))
                    .hint("give the parameter another name"),
            ),
            None => ControlFlow::Continue(()),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        let Expr::Identifier(name) = expr else { return ControlFlow::Continue(()) };
        let name = normal(name);
        let Some(value) = self.from.merged(&name) else { return ControlFlow::Continue(()) };
        match self.is_inner(&name) {
            Ok(true) => {}
            Ok(false) => *expr = value.clone(),
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    }
}

/// What the FROM of each SELECT of a query shows.
fn froms(body: &SetExpr, known: &mut Known<'_>, selects: &mut Vec<ColumnNames>) {
    match body {
        SetExpr::Select(select) => selects.push(known.of_from(&select.from).ok().and_then(|from| from.names())),
        SetExpr::SetOperation { left, right, .. } => {
            froms(left, known, selects);
            froms(right, known, selects);
        }
        _ => {}
    }
}
