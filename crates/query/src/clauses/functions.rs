//! Functions, the windows they look through, and the orders they go by.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::functions_aggregate::all_default_aggregate_functions;
use datafusion::functions_window::all_default_window_functions;
use datafusion::logical_expr::AggregateUDF;
use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Function, FunctionArgumentClause, FunctionArgumentList, FunctionArguments, ObjectName,
    OrderByExpr, OrderByOptions, WindowFrame, WindowSpec, WindowType,
};
use sellerlake_contracts::Result;

use super::{none, refused};

/// What kind of function a name means. All others are of one row.
enum Of {
    Rows(Arc<AggregateUDF>),
    Windows,
}

static KINDS: LazyLock<HashMap<String, Of>> = LazyLock::new(|| {
    let windows = all_default_window_functions();
    let windows = windows.iter().flat_map(|function| named(function.name(), function.aliases()));
    let mut kinds: HashMap<String, Of> = windows.map(|name| (name, Of::Windows)).collect();
    // first_value and the like are both.
    for function in all_default_aggregate_functions() {
        let names: Vec<String> = named(function.name(), function.aliases()).collect();
        kinds.extend(names.into_iter().map(|name| (name, Of::Rows(Arc::clone(&function)))));
    }
    kinds
});

fn named<'a>(name: &'a str, aliases: &'a [String]) -> impl Iterator<Item = String> + 'a {
    std::iter::once(name).chain(aliases.iter().map(String::as_str)).map(str::to_lowercase)
}

/// The aggregates that look at DISTINCT; the others would aggregate all rows.
const DISTINCT: [&str; 19] = [
    "array_agg",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "count",
    "first_value",
    "last_value",
    "max",
    "median",
    "min",
    "percentile_cont",
    "approx_distinct",
    "string_agg",
    "sum",
    "var",
    "var_pop",
];

pub(super) fn function(function: &Function) -> Result<()> {
    let Function { name, uses_odbc_syntax: _, parameters, args, filter, null_treatment, over, within_group } = function;
    let name = called(name);
    none(*parameters != FunctionArguments::None, &format!("a second list of arguments of {name}"), "write one list")?;
    let (distinct, nulls, order_by) = match args {
        FunctionArguments::None => (false, false, None),
        FunctionArguments::Subquery(_) => {
            return Err(refused(
                &format!("a query as {name}'s argument"),
                "put it in parentheses of its own: f((SELECT ...))",
            ));
        }
        FunctionArguments::List(list) => self::list(list, &name)?,
    };
    if let Some(over) = over {
        match over {
            WindowType::WindowSpec(spec) => window(spec)?,
            WindowType::NamedWindow(_) => {}
        }
    }
    order_by.into_iter().flatten().chain(within_group).try_for_each(order)?;
    let nulls = nulls || null_treatment.is_some();
    let ordered = order_by.is_some();
    match KINDS.get(&name) {
        None => {
            let instead =
                format!("{name} is a function of one row: aggregate first, or put the condition into CASE WHEN");
            none(filter.is_some(), &format!("FILTER of {name}"), &instead)?;
            none(over.is_some(), &format!("OVER of {name}"), &instead)?;
            none(distinct, &format!("DISTINCT in {name}"), &instead)?;
            none(ordered, &format!("ORDER BY in {name}"), &instead)?;
            none(!within_group.is_empty(), &format!("WITHIN GROUP of {name}"), &instead)?;
            none(nulls, &format!("IGNORE NULLS or RESPECT NULLS of {name}"), &instead)
        }
        Some(Of::Windows) => {
            none(over.is_none(), &format!("{name} without OVER"), "write OVER (ORDER BY ...)")?;
            let instead = "filter or group in a subquery first";
            none(filter.is_some(), &format!("FILTER of {name}"), instead)?;
            none(distinct, &format!("DISTINCT in {name}"), instead)?;
            none(ordered, &format!("ORDER BY in {name}"), "write it into OVER (ORDER BY ...)")
        }
        Some(Of::Rows(aggregate)) => {
            let kept = distinct && !DISTINCT.contains(&aggregate.name());
            none(kept, &format!("DISTINCT in {name}"), "select the distinct rows in a subquery first")?;
            let chosen = nulls && !aggregate.supports_null_handling_clause();
            none(chosen, &format!("IGNORE NULLS or RESPECT NULLS of {name}"), "leave it out: it passes over NULL")?;
            let ordered = over.is_some() && ordered;
            none(ordered, &format!("ORDER BY in {name} with OVER"), "write it into OVER (ORDER BY ...)")
        }
    }
}

/// The function's name as the planner looks it up.
fn called(name: &ObjectName) -> String {
    match name.0.as_slice() {
        [part] => part.as_ident().map_or_else(
            || part.to_string(),
            |ident| if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() },
        ),
        _ => name.to_string(),
    }
}

type Order<'a> = Option<&'a Vec<datafusion::sql::sqlparser::ast::OrderByExpr>>;

/// Whether a list of arguments is DISTINCT and says something of NULL, and how it is ordered.
fn list<'a>(list: &'a FunctionArgumentList, name: &str) -> Result<(bool, bool, Order<'a>)> {
    let FunctionArgumentList { duplicate_treatment, args: _, clauses } = list;
    let distinct = match duplicate_treatment {
        Some(DuplicateTreatment::Distinct) => true,
        Some(DuplicateTreatment::All) | None => false,
    };
    let (mut nulls, mut order_by) = (false, None);
    for clause in clauses {
        let (clause, instead) = match clause {
            FunctionArgumentClause::OrderBy(terms) => {
                order_by = Some(terms);
                continue;
            }
            FunctionArgumentClause::IgnoreOrRespectNulls(_) => {
                nulls = true;
                continue;
            }
            FunctionArgumentClause::Limit(_) => ("LIMIT", "number the rows in a subquery, and filter"),
            FunctionArgumentClause::OnOverflow(_) => ("ON OVERFLOW", "leave it out"),
            FunctionArgumentClause::Having(_) => ("HAVING", "filter in a subquery"),
            FunctionArgumentClause::Separator(_) => ("SEPARATOR", "write string_agg(value, separator)"),
            FunctionArgumentClause::JsonNullClause(_) => ("NULL ON NULL or ABSENT ON NULL", "leave it out"),
            FunctionArgumentClause::JsonReturningClause(_) => ("RETURNING", "CAST the function's value"),
        };
        return Err(refused(&format!("{clause} in {name}"), instead));
    }
    Ok((distinct, nulls, order_by))
}

pub(super) fn window(window: &WindowSpec) -> Result<()> {
    let WindowSpec { window_name, partition_by: _, order_by, window_frame } = window;
    none(window_name.is_some(), "a window made of another", "write it out: OVER (PARTITION BY ... ORDER BY ...)")?;
    if let Some(WindowFrame { units: _, start_bound: _, end_bound: _ }) = window_frame {}
    order_by.iter().try_for_each(order)
}

/// A term of any ORDER BY.
pub(super) fn order(term: &OrderByExpr) -> Result<()> {
    let OrderByExpr { expr: _, options: OrderByOptions { asc: _, nulls_first: _ }, with_fill } = term;
    none(with_fill.is_some(), "WITH FILL", "join the days or months that are to be there with generate_series")
}
