//! How much a statement stands for, once every name of a WITH is put in the place where it is used.
//!
//! DataFusion plans a common table anew wherever it is named, and writes a column's expression into whatever is made of
//! it: thirty lines, each of which names the one before twice, stand for a billion of them, and planning them would
//! take all memory long before anything runs.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Query, Select, SelectItem, SetExpr, Statement as Sql, TableFactor, TableWithJoins,
    Visit, Visitor, visit_expressions,
};
use sellerlake_contracts::{Error, Result};

use crate::failure;

/// Relations a statement may stand for: far beyond what people write.
const MOST_RELATIONS: u64 = 1_024;
/// Times that one column may stand in what is made of it.
const MOST_TERMS: u64 = 4_096;

/// What a query stands for.
#[derive(Debug, Clone, Default)]
struct Weight {
    relations: u64,
    /// Of each column, how often others stand in it; a name that isn't here stands for itself.
    columns: HashMap<String, u64>,
}

impl Weight {
    fn one() -> Self {
        Self { relations: 1, ..Self::default() }
    }

    fn beside(mut self, other: Self) -> Self {
        self.relations = self.relations.saturating_add(other.relations);
        for (name, terms) in other.columns {
            let own = self.columns.entry(name).or_default();
            *own = terms.max(*own);
        }
        self
    }
}

/// The common tables that are known at some place.
type Scope = HashMap<String, Weight>;

/// Refuses a statement that stands for more than can be planned.
pub(crate) fn check(statement: &Statement) -> Result<()> {
    match statement {
        Statement::Statement(sql) => check_sql(sql),
        Statement::Explain(explain) => check(&explain.statement),
        _ => Ok(()),
    }
}

fn check_sql(sql: &Sql) -> Result<()> {
    match sql {
        Sql::Query(found) => query(found, &Scope::new()).map(drop),
        Sql::Explain { statement, .. } => check_sql(statement),
        _ => Ok(()),
    }
}

fn query(query: &Query, outer: &Scope) -> Result<Weight> {
    let mut scope = outer.clone();
    for table in query.with.iter().flat_map(|with| &with.cte_tables) {
        let name = table.alias.name.value.to_lowercase();
        let mut weight = self::query(&table.query, &scope)?;
        if !table.alias.columns.is_empty() {
            // Under other names: each may be the heaviest.
            let most = weight.columns.values().copied().max().unwrap_or(1);
            let names = table.alias.columns.iter().map(|column| column.name.value.to_lowercase());
            weight.columns = names.map(|name| (name, most)).collect();
        }
        scope.insert(name, weight);
    }
    let weight = body(&query.body, &scope)?;
    let terms = weight.columns.values().copied().max().unwrap_or(0);
    for (what, found, limit) in [("relations", weight.relations, MOST_RELATIONS), ("terms", terms, MOST_TERMS)] {
        if found > limit {
            return Err(too_much(what, limit));
        }
    }
    Ok(weight)
}

fn too_much(what: &'static str, limit: u64) -> Error {
    failure::query("the statement stands for too much: each name of a WITH counts as often as it is used")
        .with("of", what)
        .with("limit", limit)
        .hint("use each common table, and each computed column, fewer times; or ask in several statements")
}

fn body(body: &SetExpr, scope: &Scope) -> Result<Weight> {
    match body {
        SetExpr::Select(found) => select(found, scope),
        SetExpr::Query(found) => query(found, scope),
        SetExpr::SetOperation { left, right, .. } => Ok(self::body(left, scope)?.beside(self::body(right, scope)?)),
        _ => Ok(Weight::one()),
    }
}

fn select(select: &Select, scope: &Scope) -> Result<Weight> {
    let mut from = Weight::default();
    for tables in &select.from {
        from = from.beside(joined(tables, scope)?);
    }
    let mut inner = Subqueries { scope, depth: 0, relations: 0 };
    let parts =
        (select.projection.visit(&mut inner), select.selection.visit(&mut inner), select.having.visit(&mut inner));
    for part in [parts.0, parts.1, parts.2] {
        if let ControlFlow::Break(error) = part {
            return Err(error);
        }
    }
    let relations = from.relations.saturating_add(inner.relations).max(1);
    // Grouped rows are made once, whatever is made of them.
    let groups = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty())
        || matches!(select.distinct, Some(Distinct::Distinct | Distinct::On(_)));
    let mut columns = HashMap::new();
    for item in &select.projection {
        let (name, expression) = match item {
            SelectItem::ExprWithAlias { expr, alias } => (alias.value.to_lowercase(), expr),
            SelectItem::UnnamedExpr(expr) => (last_name(expr).unwrap_or_default(), expr),
            _ => {
                columns.extend(from.columns.iter().map(|(name, terms)| (name.clone(), *terms)));
                continue;
            }
        };
        columns.insert(name, if groups { 1 } else { terms(expression, &from.columns) });
    }
    Ok(Weight { relations, columns })
}

fn joined(tables: &TableWithJoins, scope: &Scope) -> Result<Weight> {
    let mut all = relation(&tables.relation, scope)?;
    for join in &tables.joins {
        all = all.beside(relation(&join.relation, scope)?);
    }
    Ok(all)
}

fn relation(relation: &TableFactor, scope: &Scope) -> Result<Weight> {
    match relation {
        TableFactor::Table { name, .. } => {
            let known = (name.0.len() == 1).then(|| scope.get(&name.to_string().to_lowercase().replace('"', "")));
            Ok(known.flatten().cloned().unwrap_or_else(Weight::one))
        }
        TableFactor::Derived { subquery, .. } => query(subquery, scope),
        TableFactor::NestedJoin { table_with_joins, .. } => joined(table_with_joins, scope),
        _ => Ok(Weight::one()),
    }
}

/// The queries among expressions, each with all it holds.
struct Subqueries<'a> {
    scope: &'a Scope,
    depth: usize,
    relations: u64,
}

impl Visitor for Subqueries<'_> {
    type Break = Error;

    fn pre_visit_query(&mut self, found: &Query) -> ControlFlow<Error> {
        self.depth += 1;
        if self.depth == 1 {
            match query(found, self.scope) {
                Ok(weight) => self.relations = self.relations.saturating_add(weight.relations),
                Err(error) => return ControlFlow::Break(error),
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Error> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}

/// How many columns, all told, stand in an expression.
fn terms(expression: &Expr, columns: &HashMap<String, u64>) -> u64 {
    let mut total: u64 = 0;
    let _: ControlFlow<()> = visit_expressions(expression, |part| {
        if let Some(name) = last_name(part) {
            total = total.saturating_add(columns.get(&name).copied().unwrap_or(1));
        }
        ControlFlow::Continue(())
    });
    total.max(1)
}

fn last_name(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Identifier(name) => Some(name.value.to_lowercase()),
        Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.to_lowercase()),
        _ => None,
    }
}
