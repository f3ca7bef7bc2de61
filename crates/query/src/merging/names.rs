//! Which columns relations show.

use datafusion::sql::sqlparser::ast::{
    ExcludeSelectItem, Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetQuantifier, TableAlias, TableFactor, TableWithJoins,
    WildcardAdditionalOptions,
};
use sellerlake_contracts::Result;

use super::columns::{ColumnNames, Columns, Item, Relation, Side, join};
use super::substitution::substitute;
use super::{Tables, joins_by_name};
use crate::clauses::constraint;
use crate::failure;

/// What is known at one place of a statement.
pub(super) struct Known<'a> {
    tables: &'a Tables,
    /// The tables of each WITH around the place.
    common: Vec<(String, ColumnNames)>,
}

impl<'a> Known<'a> {
    pub(super) fn new(tables: &'a Tables) -> Self {
        Self { tables, common: Vec::new() }
    }

    /// How many common tables there are, to be given to [`Self::leave`].
    pub(super) fn mark(&self) -> usize {
        self.common.len()
    }

    pub(super) fn leave(&mut self, mark: usize) {
        self.common.truncate(mark);
    }

    pub(super) fn add(&mut self, alias: &TableAlias, names: ColumnNames) {
        self.common.push((normal(&alias.name), under(Some(alias), names)));
    }

    /// Adds the tables of a query's WITH.
    pub(super) fn enter(&mut self, query: &Query) {
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            if query.with.as_ref().is_some_and(|with| with.recursive) {
                self.add_first(&table.alias, &table.query);
                let names = self.of_query(&table.query);
                self.common.pop();
                self.add(&table.alias, names);
            } else {
                let names = self.of_query(&table.query);
                self.add(&table.alias, names);
            }
        }
    }

    /// Adds a table that names itself, by what its first rows show.
    pub(super) fn add_first(&mut self, alias: &TableAlias, query: &Query) {
        let first = match &*query.body {
            SetExpr::SetOperation { left, .. } => self.of_body(left),
            _ => None,
        };
        self.add(alias, first);
    }

    /// The columns a query shows.
    pub(super) fn of_query(&mut self, query: &Query) -> ColumnNames {
        if !query.pipe_operators.is_empty() {
            return None;
        }
        let mark = self.mark();
        self.enter(query);
        let names = self.of_body(&query.body);
        self.leave(mark);
        names
    }

    fn of_body(&mut self, body: &SetExpr) -> ColumnNames {
        match body {
            SetExpr::Select(select) => self.of_select(select),
            SetExpr::Query(query) => self.of_query(query),
            SetExpr::SetOperation { left, set_quantifier, .. } => match set_quantifier {
                SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName => None,
                SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None => self.of_body(left),
            },
            SetExpr::Values(values) => {
                let columns = values.rows.first()?.len();
                Some((1..=columns).map(|at| Some(format!("column{at}"))).collect())
            }
            _ => None,
        }
    }

    fn of_select(&mut self, select: &Select) -> ColumnNames {
        let mut names = Vec::new();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => names.push(own_name(expr)),
                SelectItem::ExprWithAlias { alias, .. } => names.push(Some(normal(alias))),
                SelectItem::Wildcard(options) => {
                    let without = left_out(options)?;
                    let all = self.of_from(&select.from).ok()?.names()?;
                    let shown = |name: &Option<String>| !name.as_ref().is_some_and(|name| without.contains(name));
                    names.extend(all.into_iter().filter(shown));
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(of), options) => {
                    let without = left_out(options)?;
                    let from = self.of_from(&select.from).ok()?;
                    let of = normal(of.0.last()?.as_ident()?);
                    let called = |relation: &&Relation| relation.called.last().is_some_and(|name| normal(name) == of);
                    let own = from.relations().find(called)?.names.clone()?;
                    let shown = |name: &Option<String>| !name.as_ref().is_some_and(|name| without.contains(name));
                    names.extend(own.into_iter().filter(shown));
                }
                _ => return None,
            }
        }
        Some(names)
    }

    /// The columns of a FROM that is to stay as it is.
    pub(super) fn of_from(&mut self, from: &[TableWithJoins]) -> Result<Columns> {
        let mut joined = from.iter().map(|tables| self.joined(&mut tables.clone()));
        joined.try_fold(Columns::default(), |all, tables| Ok(all.beside(tables?)))
    }

    /// The columns of joined tables. What they are joined by is spelled out.
    pub(super) fn joined(&mut self, tables: &mut TableWithJoins) -> Result<Columns> {
        let mut left = self.relation(&mut tables.relation)?;
        for Join { relation, join_operator, .. } in &mut tables.joins {
            let right = self.relation(relation)?;
            let kept = kept(join_operator);
            let Some(constraint) = constraint(join_operator) else {
                left = left.beside(right);
                continue;
            };
            if joins_by_name(constraint) {
                let keys = keys(constraint, &left, &right)?;
                let (on, shown) = join(left, right, kept, &keys)?;
                *constraint = JoinConstraint::On(on);
                left = shown;
                continue;
            }
            let both = left.clone().beside(right.clone());
            if let JoinConstraint::On(condition) = constraint {
                substitute(condition, &both, self)?;
            }
            left = match kept {
                Side::OnlyLeft => left,
                Side::OnlyRight => right,
                _ => both,
            };
        }
        Ok(left)
    }

    fn relation(&mut self, relation: &mut TableFactor) -> Result<Columns> {
        let (alias, names, own) = match relation {
            TableFactor::NestedJoin { table_with_joins, alias: None } => return self.joined(table_with_joins),
            TableFactor::NestedJoin { table_with_joins, alias } => {
                (&*alias, self.joined(table_with_joins)?.names(), Vec::new())
            }
            TableFactor::Table { name, alias, args, .. } => {
                let names = if args.is_some() { None } else { self.of_table(name) };
                let own = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
                (&*alias, names, own)
            }
            TableFactor::Derived { subquery, alias, .. } => (&*alias, self.of_query(subquery), Vec::new()),
            TableFactor::Function { alias, .. } | TableFactor::UNNEST { alias, .. } => (&*alias, None, Vec::new()),
            _ => (&None, None, Vec::new()),
        };
        let called = alias.as_ref().map_or(own, |alias| vec![alias.name.clone()]);
        let names = under(alias.as_ref(), names);
        Ok(Columns(vec![Item::Relation(Relation { called, names, hidden: Vec::new() })]))
    }

    fn of_table(&self, name: &ObjectName) -> ColumnNames {
        let parts: Option<Vec<String>> = name.0.iter().map(|part| part.as_ident().map(normal)).collect();
        let name = parts?.join(".");
        if let Some((_, names)) = self.common.iter().rev().find(|(common, _)| *common == name) {
            return names.clone();
        }
        self.tables.get(&name).map(|names| names.iter().cloned().map(Some).collect())
    }
}

/// The names that an alias gives, where it gives any.
fn under(alias: Option<&TableAlias>, names: ColumnNames) -> ColumnNames {
    match alias {
        Some(alias) if !alias.columns.is_empty() => {
            Some(alias.columns.iter().map(|column| Some(normal(&column.name))).collect())
        }
        _ => names,
    }
}

/// The names that a join is by.
fn keys(constraint: &JoinConstraint, left: &Columns, right: &Columns) -> Result<Vec<String>> {
    if let JoinConstraint::Using(columns) = constraint {
        let one = |column: &ObjectName| match column.0.as_slice() {
            [part] => part.as_ident().map(normal),
            _ => None,
        };
        return columns.iter().map(one).collect::<Option<Vec<_>>>().ok_or_else(|| {
            failure::query("USING names columns by their own names alone").hint("write USING (a, b), or ON")
        });
    }
    let (Some(left), Some(right)) = (left.names(), right.names()) else {
        return Err(failure::query("a NATURAL JOIN of something whose columns' names aren't known")
            .hint("write ON or USING, or give names to the columns: ... AS t (a, b)"));
    };
    Ok(left.into_iter().filter(|name| right.contains(name)).flatten().collect())
}

fn kept(operator: &JoinOperator) -> Side {
    match operator {
        JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => Side::Left,
        JoinOperator::Right(_) | JoinOperator::RightOuter(_) => Side::Right,
        JoinOperator::FullOuter(_) => Side::All,
        JoinOperator::LeftSemi(_) | JoinOperator::LeftAnti(_) => Side::OnlyLeft,
        JoinOperator::RightSemi(_) | JoinOperator::RightAnti(_) => Side::OnlyRight,
        _ => Side::Both,
    }
}

/// A name as it is looked up.
pub(super) fn normal(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}

/// The name that a column has without an alias.
pub(super) fn own_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(normal(name)),
        Expr::CompoundIdentifier(names) => names.last().map(normal),
        _ => None,
    }
}

/// The columns a star is without; nothing where it is more than that.
pub(super) fn left_out(options: &WildcardAdditionalOptions) -> Option<Vec<String>> {
    let other = options.opt_ilike.is_some() || options.opt_replace.is_some() || options.opt_rename.is_some();
    if other || options.opt_alias.is_some() {
        return None;
    }
    let last = |name: &ObjectName| name.0.last().and_then(|part| part.as_ident()).map(normal);
    let excluded = match &options.opt_exclude {
        None => Vec::new(),
        Some(ExcludeSelectItem::Single(name)) => vec![last(name)?],
        Some(ExcludeSelectItem::Multiple(names)) => names.iter().map(last).collect::<Option<_>>()?,
    };
    let excepted = options
        .opt_except
        .iter()
        .flat_map(|except| std::iter::once(&except.first_element).chain(&except.additional_elements).map(normal));
    Some(excluded.into_iter().chain(excepted).collect())
}
