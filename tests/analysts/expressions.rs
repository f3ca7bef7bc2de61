//! What stands in a SELECT list, a WHERE, a GROUP BY: expressions two engines read alike.

use fastrand::Rng;

use crate::analysts::schema::{Column, Kind, Table};
use crate::analysts::statements::Query;

/// An expression, and what it holds.
#[derive(Debug, Clone)]
pub struct Term {
    pub sql: String,
    pub shape: Shape,
}

/// What a column holds: literals that occur in it, as far as known, in order.
#[derive(Debug, Clone)]
pub struct Shape {
    pub kind: Kind,
    pub values: Vec<String>,
}

impl Shape {
    pub fn of(kind: Kind) -> Self {
        Self { kind, values: Vec::new() }
    }
}

impl Term {
    pub fn new(sql: impl Into<String>, kind: Kind) -> Self {
        Self { sql: sql.into(), shape: Shape::of(kind) }
    }

    fn counts(sql: impl Into<String>) -> Self {
        let values = [0, 1, 2, 40, 100_000].map(|number: u32| number.to_string()).to_vec();
        Self { sql: sql.into(), shape: Shape { kind: Kind::Int, values } }
    }
}

#[derive(Debug, Clone)]
pub struct Visible {
    pub expression: String,
    pub name: String,
    pub shape: Shape,
}

/// The columns a SELECT sees.
#[derive(Debug, Clone, Default)]
pub struct Scope(Vec<Visible>);

impl Scope {
    pub fn add_table(&mut self, alias: &str, table: &Table) {
        self.0.extend(table.columns.iter().map(|column| Visible {
            expression: seen(alias, column),
            name: column.name.clone(),
            shape: Shape { kind: column.kind, values: column.values.clone() },
        }));
    }

    pub fn add_query(&mut self, alias: &str, query: &Query) {
        self.0.extend(query.columns.iter().enumerate().map(|(at, shape)| Visible {
            expression: format!("{alias}.c{at}"),
            name: format!("c{at}"),
            shape: shape.clone(),
        }));
    }

    /// The keys of a grouped table, and the one value beside them.
    pub fn add_keys(&mut self, alias: &str, table: &Table, keys: &[&str], value: (&str, Shape)) {
        let mut all = Self::default();
        all.add_table(alias, table);
        self.0.extend(all.0.into_iter().filter(|column| keys.contains(&column.name.as_str())));
        self.add_value(alias, value);
    }

    /// The columns that tables were joined by, by their own names alone.
    pub fn add_merged(&mut self, table: &Table, keys: &[&str]) {
        let merged = table.columns.iter().filter(|column| keys.contains(&column.name.as_str()));
        self.0.extend(merged.map(|column| Visible {
            expression: format!("\"{}\"", column.name),
            name: column.name.clone(),
            shape: Shape { kind: column.kind, values: column.values.clone() },
        }));
    }

    /// A value beside a table's columns.
    pub fn add_value(&mut self, alias: &str, (name, shape): (&str, Shape)) {
        self.0.push(Visible { expression: format!("{alias}.{name}"), name: name.to_owned(), shape });
    }

    pub fn of(&self, rng: &mut Rng, kind: Kind) -> Option<&Visible> {
        rng.choice(self.0.iter().filter(|column| column.shape.kind == kind).collect::<Vec<_>>())
    }

    fn exact(&self, rng: &mut Rng) -> Option<&Visible> {
        rng.choice(self.0.iter().filter(|column| column.shape.kind != Kind::Float).collect::<Vec<_>>())
    }

    /// A column to ask about: one that has values, mostly.
    fn asked(&self, rng: &mut Rng) -> Option<&Visible> {
        let known = self.0.iter().filter(|column| column.shape.kind != Kind::Float && !column.shape.values.is_empty());
        let known: Vec<&Visible> = known.collect();
        if known.is_empty() || rng.u8(0..10) == 0 { self.exact(rng) } else { rng.choice(known) }
    }

    /// A column of each that can be compared.
    pub fn common(&self, rng: &mut Rng, other: &Self) -> Option<(String, String)> {
        let comparable = |column: &&Visible| !matches!(column.shape.kind, Kind::Float | Kind::Bool | Kind::Decimal);
        let mut pairs = Vec::new();
        for ours in self.0.iter().filter(comparable) {
            for theirs in other.0.iter().filter(comparable).filter(|theirs| theirs.shape.kind == ours.shape.kind) {
                pairs.push((ours, theirs));
            }
        }
        // Columns of other names hardly ever have a value in common.
        let alike = |(ours, theirs): &(&Visible, &Visible)| ours.name == theirs.name && !ours.shape.values.is_empty();
        if rng.u8(0..8) > 0 && pairs.iter().any(alike) {
            pairs.retain(alike);
        }
        let pairs = pairs.into_iter().map(|(ours, theirs)| (ours.expression.clone(), theirs.expression.clone()));
        rng.choice(pairs.collect::<Vec<_>>())
    }
}

/// A column as an expression; a moment without its zone, which is UTC.
fn seen(alias: &str, column: &Column) -> String {
    let name = format!("{alias}.\"{}\"", column.name);
    if column.kind == Kind::Time { format!("CAST({name} AS TIMESTAMP)") } else { name }
}

/// A literal of the kind.
pub fn constant(rng: &mut Rng, kind: Kind) -> String {
    match kind {
        Kind::Text => (*rng.choice(["'ads'", "'fees'", "''", "'é'", "'DE'", "'a%'"]).unwrap()).to_owned(),
        Kind::Int => rng.i32(-3..40).to_string(),
        Kind::Decimal => format!("{}.{:02}", rng.i32(-3..60), rng.u8(0..100)),
        Kind::Date => format!("DATE '2026-0{}-{:02}'", rng.u8(1..10), rng.u8(1..29)),
        Kind::Time => format!("TIMESTAMP '2026-0{}-{:02} 07:30:00'", rng.u8(1..10), rng.u8(1..29)),
        Kind::Bool => rng.bool().to_string(),
        Kind::Float => format!("CAST({} AS DOUBLE)", rng.i32(-9..9)),
    }
}

/// A value that occurs in the column, or might.
fn value(rng: &mut Rng, shape: &Shape) -> String {
    match rng.choice(&shape.values) {
        Some(value) if rng.u8(0..16) > 0 => value.clone(),
        _ => constant(rng, shape.kind),
    }
}

/// Two values, the lower one first where they are known, mostly with others in between.
fn range(rng: &mut Rng, shape: &Shape) -> (String, String) {
    let (count, middle) = (shape.values.len(), shape.values.len() / 2);
    if count < 2 || rng.u8(0..12) == 0 {
        return (value(rng, shape), value(rng, shape));
    }
    (shape.values[rng.usize(0..middle)].clone(), shape.values[rng.usize(middle..count)].clone())
}

/// A value on this side of most.
fn bound(rng: &mut Rng, shape: &Shape, operator: &str) -> String {
    let (low, high) = range(rng, shape);
    match operator {
        ">" | ">=" => low,
        "<" | "<=" => high,
        _ => value(rng, shape),
    }
}

/// A condition. Most leave rows.
pub fn predicate(rng: &mut Rng, scope: &Scope) -> String {
    let Some(column) = scope.asked(rng) else { return "1 = 1".to_owned() };
    let (c, shape) = (&column.expression, &column.shape);
    if shape.values.is_empty() {
        let constant = constant(rng, shape.kind);
        return match rng.u8(0..8) {
            0 if rng.bool() => format!("{c} IS NULL"),
            0..=3 => format!("{c} IS NOT NULL"),
            4 => format!("{c} <> {constant}"),
            5..=6 => format!("{c} IS DISTINCT FROM {constant}"),
            _ => format!("{c} >= {constant}"),
        };
    }
    // What is always the same leaves nothing to whoever asks for others.
    if shape.values.iter().all(|value| *value == shape.values[0]) && rng.u8(0..8) > 0 {
        return match rng.u8(0..4) {
            0 => format!("{c} IS NOT NULL"),
            _ => format!("{c} {} {}", rng.choice(["=", ">=", "<="]).unwrap(), shape.values[0]),
        };
    }
    match rng.u8(0..20) {
        0 if rng.bool() => format!("{c} IS NULL"),
        0..=2 => format!("{c} IS NOT NULL"),
        3..=4 => format!("{c} <> {}", value(rng, shape)),
        5..=6 => format!("{c} IN ({}, {}, {})", value(rng, shape), value(rng, shape), value(rng, shape)),
        7 => format!("{c} NOT IN ({}, {})", value(rng, shape), value(rng, shape)),
        8 => format!("{c} IS DISTINCT FROM {}", value(rng, shape)),
        9 => format!("NOT ({c} = {})", value(rng, shape)),
        10..=11 => format!("({} OR {})", predicate(rng, scope), predicate(rng, scope)),
        12 => format!("NOT ({} AND {})", predicate(rng, scope), predicate(rng, scope)),
        13 if shape.kind == Kind::Text => like(rng, c),
        14 if shape.kind == Kind::Bool => c.clone(),
        13..=15 => {
            let (low, high) = range(rng, shape);
            let not = if rng.u8(0..4) == 0 { "NOT " } else { "" };
            format!("{c} {not}BETWEEN {low} AND {high}")
        }
        16 => format!("coalesce({c}, {}) >= {}", constant(rng, shape.kind), bound(rng, shape, ">=")),
        17 => format!("({}) IS NOT TRUE", predicate(rng, scope)),
        _ => {
            let operator = rng.choice(["=", ">", "<", ">=", ">=", "<=", "<="]).unwrap();
            format!("{c} {operator} {}", bound(rng, shape, operator))
        }
    }
}

fn like(rng: &mut Rng, c: &str) -> String {
    let pattern = rng.choice(["A%", "%0%", "S%", "%a%", "_%", "%-%", "%\\_%"]).unwrap();
    // What escapes is said: here it is the backslash by itself, there nothing is.
    let escape = if pattern.contains('\\') { " ESCAPE '\\'" } else { "" };
    format!("{c} {} '{pattern}'{escape}", rng.choice(["LIKE", "LIKE", "NOT LIKE", "ILIKE"]).unwrap())
}

/// An expression of one row.
pub fn scalar(rng: &mut Rng, scope: &Scope) -> Term {
    let Some(column) = rng.choice(&scope.0) else { return Term::new("1", Kind::Int) };
    let (c, shape) = (&column.expression, &column.shape);
    if rng.u8(0..3) == 0 {
        return Term { sql: c.clone(), shape: shape.clone() };
    }
    if rng.u8(0..14) == 0 {
        return Term::new(constant(rng, shape.kind), shape.kind);
    }
    if rng.u8(0..8) == 0 {
        let condition = predicate(rng, scope);
        let other = constant(rng, shape.kind);
        return Term { sql: format!("CASE WHEN {condition} THEN {c} ELSE {other} END"), shape: shape.clone() };
    }
    match shape.kind {
        Kind::Text => text(rng, c),
        Kind::Int => whole(rng, scope, c),
        Kind::Decimal => decimal(rng, scope, c),
        Kind::Date => date(rng, scope, c),
        Kind::Time => match rng.u8(0..4) {
            0 => Term::new(format!("CAST(date_trunc('day', {c}) AS DATE)"), Kind::Date),
            1 => Term::new(format!("CAST(extract(hour FROM {c}) AS BIGINT)"), Kind::Int),
            2 => Term::new(format!("{c} + INTERVAL '90 minutes'"), Kind::Time),
            _ => Term { sql: c.clone(), shape: shape.clone() },
        },
        Kind::Bool => match rng.u8(0..3) {
            0 => Term::new(format!("NOT {c}"), Kind::Bool),
            1 => Term::new(format!("{c} IS TRUE"), Kind::Bool),
            _ => Term::new(format!("CAST(CASE WHEN {c} THEN 1 ELSE 0 END AS BIGINT)"), Kind::Int),
        },
        Kind::Float => Term::new(c.clone(), Kind::Float),
    }
}

fn text(rng: &mut Rng, c: &str) -> Term {
    let (sql, kind) = match rng.u8(0..15) {
        // One engine writes the capital of ß as SS, the other as ẞ.
        0 => (format!("upper(replace({c}, 'ß', 'ss'))"), Kind::Text),
        1 => (format!("lower({c})"), Kind::Text),
        2 => (format!("substr({c}, 2, 3)"), Kind::Text),
        3 => (format!("CAST(length({c}) AS BIGINT)"), Kind::Int),
        4 => (format!("coalesce({c}, '-')"), Kind::Text),
        5 => (format!("{c} || '/' || {c}"), Kind::Text),
        6 => (format!("replace({c}, 'A', 'b')"), Kind::Text),
        7 => (format!("nullif(left({c}, 1), 'A')"), Kind::Text),
        8 => (format!("concat({c}, '-', 'x')"), Kind::Text),
        9 => (format!("split_part({c}, '-', 1)"), Kind::Text),
        10 => (format!("starts_with({c}, 'A')"), Kind::Bool),
        11 => (format!("CAST(strpos({c}, '0') AS BIGINT)"), Kind::Int),
        12 => (format!("reverse({c})"), Kind::Text),
        13 => (format!("right({c}, 2)"), Kind::Text),
        _ => (format!("trim({c})"), Kind::Text),
    };
    Term::new(sql, kind)
}

/// Another column of the kind; itself, where there is none.
fn other(rng: &mut Rng, scope: &Scope, kind: Kind, c: &str) -> String {
    scope.of(rng, kind).map_or_else(|| c.to_owned(), |column| column.expression.clone())
}

fn whole(rng: &mut Rng, scope: &Scope, c: &str) -> Term {
    let second = other(rng, scope, Kind::Int, c);
    let (sql, kind) = match rng.u8(0..11) {
        0 => (format!("{c} + {}", rng.u8(0..9)), Kind::Int),
        1 => (format!("abs({c})"), Kind::Int),
        2 => (format!("{c} % 7"), Kind::Int),
        3 => (format!("CAST({c} AS DOUBLE) / 3"), Kind::Float),
        4 => (format!("{c} - {second}"), Kind::Int),
        5 => (format!("{c} * {second}"), Kind::Int),
        6 => (format!("{c} + {second}"), Kind::Int),
        7 => (format!("-{c}"), Kind::Int),
        8 => (format!("greatest({c}, {second}, 3)"), Kind::Int),
        // Grows beyond what either engine can hold, unless it is small.
        9 if rng.u8(0..8) == 0 => (format!("{c} * 4611686018427387904"), Kind::Int),
        _ => (format!("coalesce({c}, 0)"), Kind::Int),
    };
    Term::new(sql, kind)
}

fn decimal(rng: &mut Rng, scope: &Scope, c: &str) -> Term {
    let (second, units) = (other(rng, scope, Kind::Decimal, c), other(rng, scope, Kind::Int, "2"));
    let (sql, kind) = match rng.u8(0..12) {
        0 => (format!("-{c}"), Kind::Decimal),
        1 => (format!("{c} + 1.5"), Kind::Decimal),
        2 => (format!("CAST({c} AS DOUBLE) / 7"), Kind::Float),
        3 => (format!("nullif({c}, 0)"), Kind::Decimal),
        4 => (format!("greatest({c}, 0)"), Kind::Decimal),
        5 => (format!("{c} + {second}"), Kind::Decimal),
        6 => (format!("{c} - {second}"), Kind::Decimal),
        7 => (long(&format!("CAST({c} AS DECIMAL(18, 4)) * {units}")), Kind::Decimal),
        8 => (long(&format!("round({c}, 1)")), Kind::Decimal),
        9 => (format!("least({c}, {second})"), Kind::Decimal),
        10 => (format!("abs({c})"), Kind::Decimal),
        _ => (format!("coalesce({c}, 0)"), Kind::Decimal),
    };
    Term::new(sql, kind)
}

fn date(rng: &mut Rng, scope: &Scope, c: &str) -> Term {
    let second = other(rng, scope, Kind::Date, c);
    let (sql, kind) = match rng.u8(0..8) {
        0 => (format!("CAST(date_trunc('month', {c}) AS DATE)"), Kind::Date),
        1 => (format!("CAST({c} + INTERVAL '1 day' AS DATE)"), Kind::Date),
        2 => (format!("CAST(extract(year FROM {c}) AS BIGINT)"), Kind::Int),
        3 => (format!("CAST(date_trunc('week', {c}) AS DATE)"), Kind::Date),
        4 => (format!("CAST(extract(quarter FROM {c}) AS BIGINT)"), Kind::Int),
        5 => (format!("CAST({c} - INTERVAL '1 month' AS DATE)"), Kind::Date),
        6 => (format!("CAST({c} - {second} AS BIGINT)"), Kind::Int),
        _ => (format!("CAST(extract(dow FROM {c}) AS BIGINT)"), Kind::Int),
    };
    Term::new(sql, kind)
}

/// An expression of this kind, where the scope has one; a constant elsewhere.
pub fn key(rng: &mut Rng, scope: &Scope, kind: Kind) -> String {
    match scope.of(rng, kind) {
        Some(column) if rng.u8(0..4) > 0 => column.expression.clone(),
        _ => constant(rng, kind),
    }
}

/// Aggregates that the other engine calls otherwise; the comment tells them from window functions.
const FIRST: &str = "first_value/* of rows */";
const LAST: &str = "last_value/* of rows */";

/// An aggregate of one column.
pub fn aggregate(rng: &mut Rng, scope: &Scope) -> Term {
    let filter = if rng.u8(0..5) == 0 { format!(" FILTER (WHERE {})", predicate(rng, scope)) } else { String::new() };
    let Some(column) = scope.exact(rng) else { return Term::counts(format!("count(*){filter}")) };
    let (c, shape) = (&column.expression, &column.shape);
    let direction = rng.choice(["", " DESC", " NULLS FIRST"]).unwrap();
    let mut term = match (rng.u8(0..11), shape.kind) {
        (0, _) => Term::counts("count(*)"),
        (1, _) => Term::counts(format!("count({c})")),
        (2, _) => Term::counts(format!("count(DISTINCT {c})")),
        (3, Kind::Int | Kind::Decimal) => Term::new(format!("avg(CAST({c} AS DOUBLE))"), Kind::Float),
        (3, Kind::Bool) => Term::new(format!("bool_or({c})"), Kind::Bool),
        (4, Kind::Int) => Term::new(format!("sum(DISTINCT {c})"), shape.kind),
        // The first of many is one and the same where it is ordered by itself.
        (5, _) => Term { sql: format!("{FIRST}({c} ORDER BY {c}{direction})"), shape: shape.clone() },
        (6, _) => Term { sql: format!("{LAST}({c} ORDER BY {c}{direction})"), shape: shape.clone() },
        (7, Kind::Text) => Term::new(format!("string_agg({c}, ',' ORDER BY {c}{direction})"), Kind::Text),
        (_, Kind::Bool) => Term::new(format!("bool_and({c})"), Kind::Bool),
        (7..=8, Kind::Int) => Term::new(format!("sum({})", scalar_of(rng, scope, c, shape.kind)), shape.kind),
        (7..=8, Kind::Decimal) => {
            Term::new(long(&format!("sum({})", scalar_of(rng, scope, c, shape.kind))), shape.kind)
        }
        (9, _) => Term { sql: format!("min({c})"), shape: shape.clone() },
        _ => Term { sql: format!("max({c})"), shape: shape.clone() },
    };
    // Before a cast's end.
    term.sql = match term.sql.strip_suffix(LONG) {
        Some(sum) => format!("{sum}{filter}{LONG}"),
        None => term.sql + &filter,
    };
    term
}

const LONG: &str = " AS DECIMAL(38, 9))";

/// The longest decimal with digits enough: a union with a longer scale rounds in the other engine.
fn long(sql: &str) -> String {
    format!("CAST({sql}{LONG}")
}

/// The column, or something of the kind made of it.
fn scalar_of(rng: &mut Rng, scope: &Scope, c: &str, kind: Kind) -> String {
    if rng.bool() {
        return c.to_owned();
    }
    let second = other(rng, scope, kind, c);
    let condition = predicate(rng, scope);
    match rng.u8(0..4) {
        0 => format!("{c} + {second}"),
        1 => format!("{c} - 1"),
        2 => format!("CASE WHEN {condition} THEN {c} END"),
        _ => format!("coalesce({c}, {second})"),
    }
}

/// A window function whose answer doesn't depend on the order of equal rows.
pub fn window(rng: &mut Rng, scope: &Scope) -> Term {
    let Some(order) = scope.exact(rng).cloned() else { return Term::counts("count(*) OVER ()") };
    let by = match scope.exact(rng) {
        Some(column) if rng.bool() => format!("PARTITION BY {} ", column.expression),
        _ => String::new(),
    };
    let direction = rng.choice(["", " DESC", " NULLS FIRST"]).unwrap();
    let over = format!("OVER ({by}ORDER BY {}{direction})", order.expression);
    let number = scope.of(rng, Kind::Decimal).or_else(|| scope.of(rng, Kind::Int)).cloned();
    let (o, kind) = (&order.expression, order.shape.kind);
    let shaped = |sql: String| Term { sql, shape: order.shape.clone() };
    match (rng.u8(0..12), number) {
        (0, _) => Term::counts(format!("rank() {over}")),
        (1, _) => Term::counts(format!("dense_rank() {over}")),
        (2, _) => Term::counts(format!("count(*) {over}")),
        (3, _) if kind != Kind::Bool => shaped(format!("max({o}) OVER ({})", by.trim())),
        (4, _) => shaped(format!("first_value({o}) {over}")),
        (5, _) => shaped(format!("last_value({o}) {over}")),
        (6, _) => Term::new(format!("cume_dist() {over}"), Kind::Float),
        (7, Some(number)) => running(&number, &over),
        // Below zero, mostly.
        (8, _) => Term::new(format!("dense_rank() {over} - rank() {over}"), Kind::Int),
        (9, Some(number)) => running(&number, &format!("OVER ({by}ORDER BY {o} {})", frame(rng, kind))),
        (10, _) => Term::counts(format!("count({o}) OVER ({by}ORDER BY {o} {})", frame(rng, kind))),
        (_, Some(number)) => running(&number, &format!("OVER ({})", by.trim())),
        _ => Term::new(format!("percent_rank() {over}"), Kind::Float),
    }
}

fn running(number: &Visible, over: &str) -> Term {
    let sum = format!("sum({}) {over}", number.expression);
    let kind = number.shape.kind;
    Term::new(if kind == Kind::Decimal { long(&sum) } else { sum }, kind)
}

/// A frame of peers.
fn frame(rng: &mut Rng, order: Kind) -> &'static str {
    match order {
        Kind::Int if rng.bool() => "RANGE BETWEEN 2 PRECEDING AND 1 FOLLOWING",
        Kind::Date if rng.bool() => "RANGE BETWEEN INTERVAL '7 days' PRECEDING AND CURRENT ROW",
        _ => rng
            .choice([
                "GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW",
                "GROUPS BETWEEN 2 PRECEDING AND 1 FOLLOWING",
                "RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
            ])
            .unwrap(),
    }
}
