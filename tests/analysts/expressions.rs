//! What stands in a SELECT list, a WHERE, a GROUP BY: expressions two engines read alike.

use fastrand::Rng;

use crate::analysts::schema::{Column, Kind, Table};
use crate::analysts::statements::Query;

#[derive(Debug, Clone)]
pub struct Visible {
    pub expression: String,
    pub name: String,
    pub kind: Kind,
    values: Vec<String>,
}

/// The columns a SELECT sees.
#[derive(Debug, Clone, Default)]
pub struct Scope(Vec<Visible>);

impl Scope {
    pub fn add_table(&mut self, alias: &str, table: &Table) {
        self.0.extend(table.columns.iter().map(|column| Visible {
            expression: seen(alias, column),
            name: column.name.clone(),
            kind: column.kind,
            values: column.values.clone(),
        }));
    }

    pub fn add_query(&mut self, alias: &str, query: &Query) {
        self.0.extend(query.kinds.iter().enumerate().map(|(at, kind)| Visible {
            expression: format!("{alias}.c{at}"),
            name: format!("c{at}"),
            kind: *kind,
            values: Vec::new(),
        }));
    }

    /// The keys of a grouped table, and the one value beside them.
    pub fn add_keys(&mut self, alias: &str, table: &Table, keys: &[&str], value: (&str, Kind)) {
        let mut all = Self::default();
        all.add_table(alias, table);
        self.0.extend(all.0.into_iter().filter(|column| keys.contains(&column.name.as_str())));
        self.0.push(Visible {
            expression: format!("{alias}.{}", value.0),
            name: value.0.to_owned(),
            kind: value.1,
            values: Vec::new(),
        });
    }

    pub fn of(&self, rng: &mut Rng, kind: Kind) -> Option<&Visible> {
        let all: Vec<&Visible> = self.0.iter().filter(|column| column.kind == kind).collect();
        rng.choice(all)
    }

    fn exact(&self, rng: &mut Rng) -> Option<&Visible> {
        let all: Vec<&Visible> = self.0.iter().filter(|column| column.kind != Kind::Float).collect();
        rng.choice(all)
    }

    /// A column of each that can be compared.
    pub fn common(&self, rng: &mut Rng, other: &Self) -> Option<(String, String)> {
        let comparable = |column: &&Visible| !matches!(column.kind, Kind::Float | Kind::Bool | Kind::Decimal);
        let mut pairs = Vec::new();
        for ours in self.0.iter().filter(comparable) {
            for theirs in other.0.iter().filter(comparable).filter(|theirs| theirs.kind == ours.kind) {
                let alike = if ours.name == theirs.name { 4 } else { 1 };
                pairs.extend(std::iter::repeat_n((ours.expression.clone(), theirs.expression.clone()), alike));
            }
        }
        rng.choice(pairs)
    }
}

/// A column as an expression; a moment without its zone, which is UTC.
fn seen(alias: &str, column: &Column) -> String {
    let name = format!("{alias}.\"{}\"", column.name);
    if column.kind == Kind::Time { format!("CAST({name} AS TIMESTAMP)") } else { name }
}

/// A literal of the kind.
fn constant(rng: &mut Rng, kind: Kind) -> String {
    match kind {
        Kind::Text => (*rng.choice(["'ads'", "'fees'", "''", "'ß'", "'DE'", "'a%'"]).unwrap()).to_owned(),
        Kind::Int => rng.i32(-3..40).to_string(),
        Kind::Decimal => format!("{}.{:02}", rng.i32(-3..60), rng.u8(0..100)),
        Kind::Date => format!("DATE '2026-0{}-{:02}'", rng.u8(1..10), rng.u8(1..29)),
        Kind::Time => format!("TIMESTAMP '2026-0{}-{:02} 07:30:00'", rng.u8(1..10), rng.u8(1..29)),
        Kind::Bool => rng.bool().to_string(),
        Kind::Float => format!("CAST({} AS DOUBLE)", rng.i32(-9..9)),
    }
}

/// A value that occurs in the column, or might.
fn value(rng: &mut Rng, column: &Visible) -> String {
    match rng.choice(&column.values) {
        Some(value) if rng.u8(0..5) > 0 => value.clone(),
        _ => constant(rng, column.kind),
    }
}

/// A condition.
pub fn predicate(rng: &mut Rng, scope: &Scope) -> String {
    let Some(column) = scope.exact(rng) else { return "1 = 1".to_owned() };
    let c = &column.expression;
    match rng.u8(0..12) {
        0 => format!("{c} IS NULL"),
        1 => format!("{c} IS NOT NULL"),
        2 => format!("{c} <> {}", value(rng, column)),
        3 => format!("{c} IN ({}, {})", value(rng, column), value(rng, column)),
        4 => format!("{c} IS DISTINCT FROM {}", value(rng, column)),
        5 => format!("NOT ({c} = {})", value(rng, column)),
        6 => format!("({} OR {})", predicate(rng, scope), predicate(rng, scope)),
        7 if column.kind == Kind::Text => format!("{c} LIKE '{}%'", rng.choice(["A", "B", "S", "%a", "_"]).unwrap()),
        8 if column.kind == Kind::Bool => c.clone(),
        7..=9 => format!("{c} BETWEEN {} AND {}", value(rng, column), value(rng, column)),
        10 => format!("coalesce({c}, {}) >= {}", constant(rng, column.kind), value(rng, column)),
        _ => format!("{c} {} {}", rng.choice(["=", ">", "<", ">=", "<="]).unwrap(), value(rng, column)),
    }
}

/// An expression of one row.
pub fn scalar(rng: &mut Rng, scope: &Scope) -> (String, Kind) {
    let Some(column) = rng.choice(&scope.0) else { return ("1".to_owned(), Kind::Int) };
    let (c, kind) = (&column.expression, column.kind);
    if rng.u8(0..3) == 0 {
        return (c.clone(), kind);
    }
    if rng.u8(0..14) == 0 {
        return (constant(rng, kind), kind);
    }
    if rng.u8(0..8) == 0 {
        let condition = predicate(rng, scope);
        return (format!("CASE WHEN {condition} THEN {c} ELSE {} END", constant(rng, kind)), kind);
    }
    match kind {
        Kind::Text => text(rng, c),
        Kind::Int => match rng.u8(0..5) {
            0 => (format!("{c} + {}", rng.u8(0..9)), kind),
            1 => (format!("abs({c})"), kind),
            2 => (format!("{c} % 7"), kind),
            3 => (format!("CAST({c} AS DOUBLE) / 3"), Kind::Float),
            _ => (format!("coalesce({c}, 0)"), kind),
        },
        Kind::Decimal => match rng.u8(0..6) {
            0 => (format!("-{c}"), kind),
            1 => (format!("{c} + 1.5"), kind),
            2 => (format!("CAST({c} AS DOUBLE) / 7"), Kind::Float),
            3 => (format!("nullif({c}, 0)"), kind),
            4 => (format!("greatest({c}, 0)"), kind),
            _ => (format!("coalesce({c}, 0)"), kind),
        },
        Kind::Date => match rng.u8(0..4) {
            0 => (format!("CAST(date_trunc('month', {c}) AS DATE)"), kind),
            1 => (format!("CAST({c} + INTERVAL '1 day' AS DATE)"), kind),
            2 => (format!("CAST(extract(year FROM {c}) AS BIGINT)"), Kind::Int),
            _ => (format!("CAST(extract(dow FROM {c}) AS BIGINT)"), Kind::Int),
        },
        Kind::Time => match rng.u8(0..3) {
            0 => (format!("CAST(date_trunc('day', {c}) AS DATE)"), Kind::Date),
            1 => (format!("CAST(extract(hour FROM {c}) AS BIGINT)"), Kind::Int),
            _ => (c.clone(), kind),
        },
        Kind::Bool => match rng.u8(0..3) {
            0 => (format!("NOT {c}"), kind),
            1 => (format!("{c} IS TRUE"), kind),
            _ => (format!("CAST(CASE WHEN {c} THEN 1 ELSE 0 END AS BIGINT)"), Kind::Int),
        },
        Kind::Float => (c.clone(), kind),
    }
}

fn text(rng: &mut Rng, c: &str) -> (String, Kind) {
    match rng.u8(0..9) {
        0 => (format!("upper({c})"), Kind::Text),
        1 => (format!("lower({c})"), Kind::Text),
        2 => (format!("substr({c}, 2, 3)"), Kind::Text),
        3 => (format!("CAST(length({c}) AS BIGINT)"), Kind::Int),
        4 => (format!("coalesce({c}, '-')"), Kind::Text),
        5 => (format!("{c} || '/' || {c}"), Kind::Text),
        6 => (format!("replace({c}, 'A', 'b')"), Kind::Text),
        7 => (format!("nullif(left({c}, 1), 'A')"), Kind::Text),
        _ => (format!("trim({c})"), Kind::Text),
    }
}

/// An expression of this kind, where the scope has one; a constant elsewhere.
pub fn key(rng: &mut Rng, scope: &Scope, kind: Kind) -> String {
    match scope.of(rng, kind) {
        Some(column) if rng.u8(0..4) > 0 => column.expression.clone(),
        _ => constant(rng, kind),
    }
}

/// An aggregate of one column.
pub fn aggregate(rng: &mut Rng, scope: &Scope) -> (String, Kind) {
    let filter = if rng.u8(0..5) == 0 { format!(" FILTER (WHERE {})", predicate(rng, scope)) } else { String::new() };
    let Some(column) = scope.exact(rng) else { return (format!("count(*){filter}"), Kind::Int) };
    let (c, kind) = (&column.expression, column.kind);
    let (expression, kind) = match (rng.u8(0..8), kind) {
        (0, _) => ("count(*)".to_owned(), Kind::Int),
        (1, _) => (format!("count({c})"), Kind::Int),
        (2, _) => (format!("count(DISTINCT {c})"), Kind::Int),
        (3, Kind::Int | Kind::Decimal) => (format!("avg(CAST({c} AS DOUBLE))"), Kind::Float),
        (3, Kind::Bool) => (format!("bool_or({c})"), Kind::Bool),
        (4, Kind::Int) => (format!("sum(DISTINCT {c})"), Kind::Int),
        (_, Kind::Bool) => (format!("bool_and({c})"), Kind::Bool),
        (4..=5, Kind::Int | Kind::Decimal) => (format!("sum({c})"), kind),
        // The first of many is one and the same where it is ordered by itself.
        (5, _) => (format!("first_value({c} ORDER BY {c})"), kind),
        (6, _) => (format!("min({c})"), kind),
        _ => (format!("max({c})"), kind),
    };
    (format!("{expression}{filter}"), kind)
}

/// A window function whose answer doesn't depend on the order of equal rows.
pub fn window(rng: &mut Rng, scope: &Scope) -> (String, Kind) {
    let Some(order) = scope.exact(rng).cloned() else { return ("count(*) OVER ()".to_owned(), Kind::Int) };
    let by = match scope.exact(rng) {
        Some(column) if rng.bool() => format!("PARTITION BY {} ", column.expression),
        _ => String::new(),
    };
    let direction = rng.choice(["", " DESC", " NULLS FIRST"]).unwrap();
    let over = format!("OVER ({by}ORDER BY {}{direction})", order.expression);
    let number = scope.of(rng, Kind::Decimal).or_else(|| scope.of(rng, Kind::Int)).cloned();
    let o = &order.expression;
    match (rng.u8(0..9), number) {
        (0, _) => (format!("rank() {over}"), Kind::Int),
        (1, _) => (format!("dense_rank() {over}"), Kind::Int),
        (2, _) => (format!("count(*) {over}"), Kind::Int),
        (3, _) if order.kind != Kind::Bool => (format!("max({o}) OVER ({})", by.trim()), order.kind),
        (4, _) => (format!("first_value({o}) {over}"), order.kind),
        (5, _) => (format!("last_value({o}) {over}"), order.kind),
        // Equal rows have equal values before them.
        (6, _) => (format!("lag({o}) {over}"), order.kind),
        (7, Some(number)) => (format!("sum({}) {over}", number.expression), number.kind),
        (_, Some(number)) => (format!("sum({}) OVER ({})", number.expression, by.trim()), number.kind),
        _ => (format!("percent_rank() {over}"), Kind::Float),
    }
}
