//! Queries and SELECTs.

use datafusion::sql::sqlparser::ast::{
    Cte, Distinct, Expr, ExprWithAlias, ExprWithAliasAndOrderBy, Function, GroupByExpr, GroupByWithModifier,
    LimitClause, NamedWindowDefinition, NamedWindowExpr, OrderBy, OrderByKind, OrderByOptions, PipeOperator, Query,
    Select, SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier,
    WildcardAdditionalOptions, WindowType, With, visit_expressions,
};
use std::ops::ControlFlow;

use sellerlake_contracts::Result;

use super::{functions, none, refused, relations, written};
use crate::failure;

const LEAVE_OUT: &str = "leave it out";

pub(super) fn query(query: &Query) -> Result<()> {
    let Query { with, body, order_by, limit_clause, fetch, locks, for_clause, settings, format_clause, pipe_operators } =
        query;
    with.as_ref().map_or(Ok(()), self::with)?;
    self::body(body)?;
    order_by.as_ref().map_or(Ok(()), |order_by| ordered(order_by, body))?;
    if let Some(LimitClause::LimitOffset { limit: _, offset: _, limit_by }) = limit_clause {
        none(
            !limit_by.is_empty(),
            "LIMIT BY",
            "number the rows with row_number() OVER (PARTITION BY ...), and filter",
        )?;
    }
    none(fetch.is_some(), "FETCH", "write LIMIT")?;
    none(!locks.is_empty(), "FOR UPDATE or FOR SHARE", LEAVE_OUT)?;
    none(
        for_clause.is_some(),
        "FOR JSON, FOR XML or FOR BROWSE",
        "choose a format for the answer: csv, json, parquet",
    )?;
    none(settings.is_some(), "SETTINGS", LEAVE_OUT)?;
    none(format_clause.is_some(), "FORMAT", "choose a format for the answer: csv, json, parquet")?;
    pipe_operators.iter().try_for_each(piped)
}

/// DataFusion reads a WITH RECURSIVE by its UNION alone, whatever stands around it.
fn with(with: &With) -> Result<()> {
    let With { with_token: _, recursive, cte_tables } = with;
    for table in cte_tables {
        // MATERIALIZED is how to compute, not what.
        let Cte { alias, query, from, materialized: _, closing_paren_token: _ } = table;
        relations::alias(alias)?;
        none(from.is_some(), "FROM after a table of a WITH", LEAVE_OUT)?;
        let union = matches!(&*query.body, SetExpr::SetOperation { op: SetOperator::Union, .. });
        let around = query.with.is_some() || query.order_by.is_some() || query.limit_clause.is_some();
        none(
            *recursive && union && around,
            "WITH, ORDER BY or LIMIT around a UNION in a WITH RECURSIVE",
            "order and limit where the table is named, and let its rows end by a condition",
        )?;
    }
    Ok(())
}

/// DataFusion compares rows where it should count them: of two equal rows less one, it leaves none.
fn body(body: &SetExpr) -> Result<()> {
    let SetExpr::SetOperation { op, set_quantifier, left, right } = body else { return Ok(()) };
    let all = matches!(set_quantifier, SetQuantifier::All | SetQuantifier::AllByName);
    if all && *op != SetOperator::Union {
        return Err(failure::query(&format!("{op} ALL would count equal rows wrongly")).hint(format!(
            "write {op}, or number equal rows on both sides with row_number() OVER (PARTITION BY all columns)"
        )));
    }
    self::body(left).and_then(|()| self::body(right))
}

fn ordered(order_by: &OrderBy, body: &SetExpr) -> Result<()> {
    let OrderBy { kind, interpolate } = order_by;
    none(interpolate.is_some(), "INTERPOLATE", LEAVE_OUT)?;
    match kind {
        OrderByKind::All(_) => none(!matches!(body, SetExpr::Select(_)), "ORDER BY ALL", "name the columns"),
        OrderByKind::Expressions(terms) => {
            terms.iter().try_for_each(functions::order)?;
            terms.iter().try_for_each(|term| no_named_window(&term.expr, "ORDER BY"))
        }
    }
}

/// DataFusion looks names of windows up in the SELECT list only, and takes the others for totals.
fn no_named_window(expr: &Expr, place: &str) -> Result<()> {
    let found = visit_expressions(expr, |part| match part {
        Expr::Function(Function { over: Some(WindowType::NamedWindow(name)), .. }) => ControlFlow::Break(name.clone()),
        _ => ControlFlow::Continue(()),
    });
    match found {
        ControlFlow::Break(name) => Err(refused(
            &format!("OVER {name} in {place}"),
            "write the window out: OVER (PARTITION BY ... ORDER BY ...)",
        )),
        ControlFlow::Continue(()) => Ok(()),
    }
}

pub(super) fn select(select: &Select) -> Result<()> {
    let Select {
        select_token: _,
        // A comment that starts with a plus.
        optimizer_hints: _,
        distinct,
        select_modifiers,
        top,
        top_before_distinct: _,
        projection,
        exclude,
        // Refused as a statement that writes.
        into: _,
        from,
        lateral_views,
        prewhere,
        selection: _,
        connect_by,
        group_by,
        cluster_by,
        distribute_by,
        sort_by,
        having,
        named_window,
        qualify,
        window_before_qualify: _,
        value_table_mode,
        flavor,
    } = select;
    match distinct {
        None | Some(Distinct::All | Distinct::Distinct | Distinct::On(_)) => {}
    }
    none(select_modifiers.is_some(), "a modifier like HIGH_PRIORITY or SQL_NO_CACHE", LEAVE_OUT)?;
    none(top.is_some(), "TOP", "write LIMIT at the end")?;
    none(exclude.is_some(), "EXCLUDE after other columns", "write it behind the star: * EXCLUDE (...)")?;
    none(!lateral_views.is_empty(), "LATERAL VIEW", "write unnest(...) in the SELECT list of a subquery")?;
    none(prewhere.is_some(), "PREWHERE", "write WHERE")?;
    none(!connect_by.is_empty(), "CONNECT BY or START WITH", "write WITH RECURSIVE")?;
    grouped(group_by)?;
    none(!cluster_by.is_empty(), "CLUSTER BY", "write ORDER BY")?;
    none(!distribute_by.is_empty(), "DISTRIBUTE BY", LEAVE_OUT)?;
    none(!sort_by.is_empty(), "SORT BY", "write ORDER BY")?;
    none(value_table_mode.is_some(), "SELECT AS STRUCT or AS VALUE", "name the columns")?;
    none(!matches!(flavor, SelectFlavor::Standard), "a FROM before its SELECT", "write SELECT ... FROM ...")?;
    projection.iter().try_for_each(item)?;
    from.iter().try_for_each(relations::joined)?;
    for NamedWindowDefinition(name, definition) in named_window {
        match definition {
            NamedWindowExpr::WindowSpec(window) => functions::window(window)?,
            NamedWindowExpr::NamedWindow(other) => {
                return Err(refused(&format!("a window {name} that is another, {other},"), "write the window out"));
            }
        }
    }
    having.iter().try_for_each(|condition| no_named_window(condition, "HAVING"))?;
    qualify.iter().try_for_each(|condition| no_named_window(condition, "QUALIFY"))
}

fn grouped(group_by: &GroupByExpr) -> Result<()> {
    let (GroupByExpr::All(modifiers) | GroupByExpr::Expressions(_, modifiers)) = group_by;
    match modifiers.first() {
        None => Ok(()),
        Some(GroupByWithModifier::Rollup) => Err(refused("GROUP BY ... WITH ROLLUP", "write GROUP BY ROLLUP (...)")),
        Some(GroupByWithModifier::Cube) => Err(refused("GROUP BY ... WITH CUBE", "write GROUP BY CUBE (...)")),
        Some(GroupByWithModifier::Totals) => {
            Err(refused("GROUP BY ... WITH TOTALS", "write GROUP BY GROUPING SETS ((...), ())"))
        }
        Some(GroupByWithModifier::GroupingSets(_)) => {
            Err(refused("GROUPING SETS after the columns of a GROUP BY", "write GROUP BY GROUPING SETS (...)"))
        }
    }
}

fn item(item: &SelectItem) -> Result<()> {
    match item {
        SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { expr: _, alias: _ } => Ok(()),
        SelectItem::ExprWithAliases { expr: _, aliases: _ } => {
            Err(refused("a column with several names", "give it one name"))
        }
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(_), options)
        | SelectItem::Wildcard(options) => star(options),
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(of), _) => {
            Err(refused(&format!("a star after {}", written(of)), "name the columns"))
        }
    }
}

fn star(options: &WildcardAdditionalOptions) -> Result<()> {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike: _,
        opt_exclude: _,
        opt_except: _,
        opt_replace: _,
        opt_rename,
        opt_alias,
    } = options;
    none(opt_rename.is_some(), "* RENAME", "name the columns: SELECT a AS b, c")?;
    none(opt_alias.is_some(), "a name for *", "give names to the columns")
}

fn piped(operator: &PipeOperator) -> Result<()> {
    match operator {
        PipeOperator::Limit { expr: _, offset: _ }
        | PipeOperator::Where { expr: _ }
        | PipeOperator::As { alias: _ }
        | PipeOperator::Union { set_quantifier: _, queries: _ } => Ok(()),
        PipeOperator::OrderBy { exprs } => exprs.iter().try_for_each(functions::order),
        PipeOperator::Select { exprs } | PipeOperator::Extend { exprs } => exprs.iter().try_for_each(item),
        PipeOperator::Aggregate { full_table_exprs, group_by_expr } => {
            for ExprWithAliasAndOrderBy { expr: ExprWithAlias { expr: _, alias: _ }, order_by } in
                full_table_exprs.iter().chain(group_by_expr)
            {
                let OrderByOptions { asc, nulls_first } = order_by;
                let ordered = asc.is_some() || nulls_first.is_some();
                none(ordered, "an order in |> AGGREGATE", "write |> ORDER BY behind it")?;
            }
            Ok(())
        }
        PipeOperator::Intersect { set_quantifier, queries: _ }
        | PipeOperator::Except { set_quantifier, queries: _ } => {
            let all = matches!(set_quantifier, SetQuantifier::All | SetQuantifier::AllByName);
            none(all, "ALL of a |> INTERSECT or |> EXCEPT", "leave ALL out, or number equal rows on both sides")
        }
        PipeOperator::Join(join) => {
            relations::join(join)?;
            none(relations::by_name(&join.join_operator), "USING or NATURAL in a |> JOIN", "write ON")
        }
        PipeOperator::Set { .. }
        | PipeOperator::Drop { .. }
        | PipeOperator::TableSample { .. }
        | PipeOperator::Rename { .. }
        | PipeOperator::Call { .. }
        | PipeOperator::Pivot { .. }
        | PipeOperator::Unpivot { .. } => {
            Err(refused(&format!("|> {}", written(operator)), "write it as a SELECT over a subquery"))
        }
    }
}
