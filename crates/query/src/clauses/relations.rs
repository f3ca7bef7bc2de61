//! What stands in a FROM.

use datafusion::sql::sqlparser::ast::{
    FunctionArg, Join, JoinConstraint, JoinOperator, TableAlias, TableAliasColumnDef, TableFactor, TableFunctionArgs,
    TableWithJoins,
};
use sellerlake_contracts::Result;

use super::{none, refused};

const NOW: &str = "ask the lake as it is; `sellerlake replay --until` makes one as it was known";

pub(super) fn relation(relation: &TableFactor) -> Result<()> {
    match relation {
        TableFactor::Table {
            name: _,
            alias,
            args,
            with_hints,
            version,
            with_ordinality,
            partitions,
            json_path,
            sample,
            index_hints,
        } => {
            none(!with_hints.is_empty(), "WITH (...) after a table", "leave it out")?;
            none(version.is_some(), "a table as of a time or version", NOW)?;
            none(*with_ordinality, "WITH ORDINALITY", "number the rows with row_number() OVER (...)")?;
            none(!partitions.is_empty(), "PARTITION (...)", "filter by month or seller in WHERE")?;
            none(json_path.is_some(), "a path into a table", "name the column")?;
            none(sample.is_some(), "TABLESAMPLE or SAMPLE", "leave it out, or filter in WHERE")?;
            none(!index_hints.is_empty(), "a hint of an index", "leave it out")?;
            if let Some(TableFunctionArgs { args, settings }) = args {
                none(settings.is_some(), "SETTINGS", "leave it out")?;
                positional(args)?;
            }
            named(alias.as_ref())
        }
        TableFactor::Derived { lateral: _, subquery: _, alias, sample } => {
            none(sample.is_some(), "TABLESAMPLE or SAMPLE", "leave it out, or filter in WHERE")?;
            named(alias.as_ref())
        }
        TableFactor::Function { lateral: _, name: _, args, with_ordinality, alias } => {
            none(*with_ordinality, "WITH ORDINALITY", "number the rows with row_number() OVER (...)")?;
            positional(args)?;
            named(alias.as_ref())
        }
        TableFactor::UNNEST { alias, array_exprs: _, with_offset, with_offset_alias, with_ordinality } => {
            let numbered = *with_offset || with_offset_alias.is_some() || *with_ordinality;
            none(numbered, "an offset or ordinality of UNNEST", "number the rows with row_number() OVER (...)")?;
            named(alias.as_ref())
        }
        TableFactor::NestedJoin { table_with_joins, alias } => {
            joined(table_with_joins)?;
            named(alias.as_ref())
        }
        TableFactor::TableFunction { .. } => Err(refused("TABLE(...)", "name the function itself: FROM f(...)")),
        TableFactor::JsonTable { .. } => Err(refused("JSON_TABLE", "ask for the columns of a table")),
        TableFactor::OpenJsonTable { .. } => Err(refused("OPENJSON", "ask for the columns of a table")),
        TableFactor::Pivot { .. } => {
            Err(refused("PIVOT", "write a column for each value: sum(x) FILTER (WHERE y = 'a') AS a"))
        }
        TableFactor::Unpivot { .. } => Err(refused("UNPIVOT", "write a SELECT for each column, with UNION ALL")),
        TableFactor::MatchRecognize { .. } => {
            Err(refused("MATCH_RECOGNIZE", "compare rows with lag() and lead() OVER (ORDER BY ...)"))
        }
        TableFactor::XmlTable { .. } => Err(refused("XMLTABLE", "ask for the columns of a table")),
        TableFactor::SemanticView { .. } => Err(refused("SEMANTIC_VIEW", "ask for the columns of a table")),
    }
}

/// Names of a table function's arguments would be read as their order.
fn positional(args: &[FunctionArg]) -> Result<()> {
    let named = args.iter().any(|arg| !matches!(arg, FunctionArg::Unnamed(_)));
    none(named, "a name for a table function's argument", "give the arguments in their order, without names")
}

fn named(name: Option<&TableAlias>) -> Result<()> {
    name.map_or(Ok(()), alias)
}

pub(super) fn alias(alias: &TableAlias) -> Result<()> {
    let TableAlias { explicit: _, name, columns, at } = alias;
    none(at.is_some(), "AT after a table's name", "leave it out")?;
    // What other engines write behind a table, and this parser takes for the table's name.
    let keyword = ["final", "sample"].contains(&name.value.to_lowercase().as_str());
    let clause = name.value.to_uppercase();
    none(
        keyword && name.quote_style.is_none() && !alias.explicit,
        &clause,
        "leave it out; a table's name is given by AS",
    )?;
    for TableAliasColumnDef { name, data_type } in columns {
        let clause = format!("a type for the column {name} of a table's name");
        none(data_type.is_some(), &clause, "CAST the column where it is used")?;
    }
    Ok(())
}

pub(super) fn joined(tables: &TableWithJoins) -> Result<()> {
    let TableWithJoins { relation: _, joins } = tables;
    joins.iter().try_for_each(join)
}

pub(super) fn join(join: &Join) -> Result<()> {
    let Join { relation: _, global, join_operator } = join;
    none(*global, "GLOBAL JOIN", "write JOIN")?;
    match join_operator {
        JoinOperator::Join(_)
        | JoinOperator::Inner(_)
        | JoinOperator::Left(_)
        | JoinOperator::LeftOuter(_)
        | JoinOperator::Right(_)
        | JoinOperator::RightOuter(_)
        | JoinOperator::FullOuter(_)
        | JoinOperator::LeftSemi(_)
        | JoinOperator::RightSemi(_)
        | JoinOperator::LeftAnti(_)
        | JoinOperator::RightAnti(_)
        | JoinOperator::CrossJoin(JoinConstraint::None) => Ok(()),
        JoinOperator::CrossJoin(_) => Err(refused("a condition of a CROSS JOIN", "write JOIN ... ON")),
        JoinOperator::Semi(_) => Err(refused("SEMI JOIN", "write LEFT SEMI JOIN, or WHERE EXISTS (...)")),
        JoinOperator::Anti(_) => Err(refused("ANTI JOIN", "write LEFT ANTI JOIN, or WHERE NOT EXISTS (...)")),
        JoinOperator::CrossApply | JoinOperator::OuterApply => {
            Err(refused("APPLY", "write CROSS JOIN LATERAL, or LEFT JOIN LATERAL ... ON true"))
        }
        JoinOperator::AsOf { .. } => {
            Err(refused("ASOF JOIN", "join ON the time's being earlier, and keep each row's last by row_number()"))
        }
        JoinOperator::StraightJoin(_) => Err(refused("STRAIGHT_JOIN", "write JOIN")),
        JoinOperator::ArrayJoin | JoinOperator::LeftArrayJoin | JoinOperator::InnerArrayJoin => {
            Err(refused(&format!("{}ARRAY JOIN", kind(join)), "write unnest(...) in the SELECT list of a subquery"))
        }
    }
}

fn kind(join: &Join) -> &'static str {
    match join.join_operator {
        JoinOperator::LeftArrayJoin => "LEFT ",
        JoinOperator::InnerArrayJoin => "INNER ",
        _ => "",
    }
}

/// What a join is by, where it has a condition.
pub(crate) fn constraint(operator: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    match operator {
        JoinOperator::Join(by)
        | JoinOperator::Inner(by)
        | JoinOperator::Left(by)
        | JoinOperator::LeftOuter(by)
        | JoinOperator::Right(by)
        | JoinOperator::RightOuter(by)
        | JoinOperator::FullOuter(by)
        | JoinOperator::CrossJoin(by)
        | JoinOperator::Semi(by)
        | JoinOperator::LeftSemi(by)
        | JoinOperator::RightSemi(by)
        | JoinOperator::Anti(by)
        | JoinOperator::LeftAnti(by)
        | JoinOperator::RightAnti(by)
        | JoinOperator::StraightJoin(by)
        | JoinOperator::AsOf { constraint: by, .. } => Some(by),
        JoinOperator::CrossApply
        | JoinOperator::OuterApply
        | JoinOperator::ArrayJoin
        | JoinOperator::LeftArrayJoin
        | JoinOperator::InnerArrayJoin => None,
    }
}

/// Whether a join is by columns' names.
pub(crate) fn by_name(operator: &JoinOperator) -> bool {
    matches!(constraint(&mut operator.clone()), Some(JoinConstraint::Using(_) | JoinConstraint::Natural))
}
