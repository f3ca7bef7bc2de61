//! Expressions.

use datafusion::sql::sqlparser::ast::{
    Array, CeilFloorKind, DateTimeField, Expr, Interval, LambdaFunction, TypedString,
};
use sellerlake_contracts::Result;

use super::{functions, none, refused, written};

pub(super) fn expression(expr: &Expr) -> Result<()> {
    match expr {
        // What a Vec of columns, a value, or an operator is understood by, the planner looks at itself.
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::CompoundFieldAccess { root: _, access_chain: _ }
        | Expr::JsonAccess { value: _, path: _ }
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_)
        | Expr::IsDistinctFrom(_, _)
        | Expr::IsNotDistinctFrom(_, _)
        | Expr::InList { expr: _, list: _, negated: _ }
        | Expr::InSubquery { expr: _, subquery: _, negated: _ }
        | Expr::Between { expr: _, negated: _, low: _, high: _ }
        | Expr::BinaryOp { left: _, op: _, right: _ }
        | Expr::Like { negated: _, any: false, expr: _, pattern: _, escape_char: _ }
        | Expr::ILike { negated: _, any: false, expr: _, pattern: _, escape_char: _ }
        | Expr::SimilarTo { negated: _, expr: _, pattern: _, escape_char: _ }
        | Expr::AnyOp { left: _, compare_op: _, right: _, is_some: _ }
        | Expr::AllOp { left: _, compare_op: _, right: _ }
        | Expr::UnaryOp { op: _, expr: _ }
        | Expr::Cast { kind: _, expr: _, data_type: _, array: false, format: None }
        | Expr::AtTimeZone { timestamp: _, time_zone: _ }
        | Expr::Extract { field: _, syntax: _, expr: _ }
        | Expr::Position { expr: _, r#in: _ }
        | Expr::Substring { expr: _, substring_from: _, substring_for: _, special: _, shorthand: _ }
        | Expr::Trim { trim_where: _, trim_what: _, expr: _, trim_characters: _ }
        | Expr::Overlay { expr: _, overlay_what: _, overlay_from: _, overlay_for: _ }
        | Expr::Nested(_)
        | Expr::Value(_)
        | Expr::TypedString(TypedString { data_type: _, value: _, uses_odbc_syntax: _ })
        | Expr::Case { case_token: _, end_token: _, operand: _, conditions: _, else_result: _ }
        | Expr::Exists { subquery: _, negated: _ }
        | Expr::Subquery(_)
        | Expr::GroupingSets(_)
        | Expr::Cube(_)
        | Expr::Rollup(_)
        | Expr::Tuple(_)
        | Expr::Struct { values: _, fields: _ }
        | Expr::Named { expr: _, name: _ }
        | Expr::Dictionary(_)
        | Expr::Map(_)
        | Expr::Array(Array { elem: _, named: _ })
        | Expr::Wildcard(_)
        | Expr::QualifiedWildcard(_, _)
        | Expr::Lambda(LambdaFunction { params: _, body: _, syntax: _ }) => Ok(()),
        Expr::Interval(interval) => self::interval(interval),
        Expr::Function(function) => functions::function(function),
        Expr::Ceil { expr: _, field } => whole(field, "CEIL"),
        Expr::Floor { expr: _, field } => whole(field, "FLOOR"),
        other => unknown(other),
    }
}

fn interval(interval: &Interval) -> Result<()> {
    let Interval { value: _, leading_field: _, leading_precision, last_field, fractional_seconds_precision } = interval;
    let more = leading_precision.is_some() || last_field.is_some() || fractional_seconds_precision.is_some();
    none(more, "a precision or a second unit of an INTERVAL", "write INTERVAL '1 day 2 hours'")
}

fn whole(field: &CeilFloorKind, function: &str) -> Result<()> {
    let plain = matches!(field, CeilFloorKind::DateTimeField(DateTimeField::NoDateTime));
    none(!plain, &format!("a unit or scale of {function}"), "multiply before and divide behind, or use date_trunc()")
}

/// What the planner knows nothing of: without this it would show its whole syntax tree.
fn unknown(expr: &Expr) -> Result<()> {
    let (clause, instead) = match expr {
        Expr::Collate { .. } => ("COLLATE", "compare lower(...), or leave it out: text is compared by its bytes"),
        Expr::IsNormalized { .. } => ("IS NORMALIZED", "leave it out"),
        Expr::InUnnest { .. } => ("IN UNNEST(...)", "write array_has(array, value)"),
        Expr::Like { .. } | Expr::ILike { .. } => ("LIKE ANY", "write one LIKE for each pattern, with OR"),
        Expr::RLike { .. } => ("RLIKE or REGEXP", "write ~, or regexp_like(text, pattern)"),
        Expr::Convert { .. } => ("CONVERT", "write CAST(... AS ...)"),
        Expr::Cast { .. } => ("a FORMAT or an ARRAY of a CAST", "use to_char(), to_date() or to_timestamp()"),
        Expr::MatchAgainst { .. } => ("MATCH ... AGAINST", "write LIKE or regexp_like(text, pattern)"),
        Expr::OuterJoin(_) => ("(+)", "write LEFT JOIN"),
        Expr::Prior(_) => ("PRIOR", "write WITH RECURSIVE"),
        Expr::MemberOf(_) => ("MEMBER OF", "write array_has(array, value)"),
        other => {
            let clause = written(other);
            return Err(refused(&clause, "see `SHOW FUNCTIONS` for what there is"));
        }
    };
    Err(refused(clause, instead))
}
