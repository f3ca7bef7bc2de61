//! Statements as analysts write them, and as they don't: seeded, over whatever tables there are.
//!
//! Each means one answer: what two engines may order, cut or round differently is ordered by everything, not cut, or
//! marked as a float.

use fastrand::Rng;

use crate::analysts::expressions::{Scope, aggregate, key, predicate, scalar, window};
use crate::analysts::schema::{Kind, Table};

/// A SELECT without its ORDER BY, and its columns: c0, c1, ...
#[derive(Debug, Clone)]
pub struct Query {
    pub sql: String,
    pub kinds: Vec<Kind>,
}

#[derive(Debug)]
pub struct Statement {
    pub sql: String,
    pub kinds: Vec<Kind>,
    pub ordered: bool,
}

pub struct Author<'a> {
    tables: &'a [Table],
    rng: Rng,
    aliases: usize,
}

/// Columns two tables are joined by, where both have them.
const KEYS: [&str; 9] = [
    "amazon_order_id",
    "settlement_id",
    "sku",
    "local_day",
    "marketplace_id",
    "asin",
    "currency",
    "seller_id",
    "month",
];

/// Keys that few rows share; a join by none of them multiplies.
const SELECTIVE: [&str; 2] = ["amazon_order_id", "settlement_id"];

impl<'a> Author<'a> {
    pub fn new(tables: &'a [Table], seed: u64) -> Self {
        Self { tables, rng: Rng::with_seed(seed), aliases: 0 }
    }

    pub fn statement(&mut self) -> Statement {
        self.aliases = 0;
        let mut with = Vec::new();
        let query = match self.rng.u8(0..10) {
            0..=1 => self.over_ctes(&mut with),
            2..=3 => self.set_operation(2),
            _ => self.query(2),
        };
        let with = if with.is_empty() { String::new() } else { format!("WITH {} ", with.join(", ")) };
        let exact = query.kinds.iter().all(|kind| *kind != Kind::Float);
        let all: Vec<String> = (0..query.kinds.len()).map(|at| self.sort_key(at)).collect();
        let (rest, ordered) = match self.rng.u8(0..8) {
            // Among equal rows it doesn't matter which are cut off.
            0..=5 if exact => (format!(" ORDER BY {} {}", all.join(", "), self.limit()), true),
            6 if exact => (format!(" ORDER BY {}", all.join(", ")), true),
            _ => (String::new(), false),
        };
        Statement { sql: format!("{with}SELECT * FROM ({}) AS answer{rest}", query.sql), kinds: query.kinds, ordered }
    }

    fn sort_key(&mut self, at: usize) -> String {
        let order = self.rng.choice(["", "", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"]).unwrap();
        format!("c{at}{order}")
    }

    fn limit(&mut self) -> String {
        let offset = if self.rng.u8(0..5) == 0 { format!(" OFFSET {}", self.rng.u8(0..20)) } else { String::new() };
        format!("LIMIT {}{offset}", self.rng.choice([0, 1, 5, 20, 200]).unwrap())
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("t{}", self.aliases)
    }

    /// A query over tables of a WITH, one of them used twice.
    fn over_ctes(&mut self, with: &mut Vec<String>) -> Query {
        let (first, second) = (self.query(1), self.query(1));
        with.push(format!("w1 AS ({})", first.sql));
        with.push(format!("w2 AS ({})", second.sql));
        let mut scope = Scope::default();
        scope.add_query("a", &first);
        let mut from = "w1 AS a".to_owned();
        match self.rng.u8(0..3) {
            0 => {
                scope.add_query("b", &first);
                from += &self.join_of_queries("w1 AS b", "a", &first, "b", &first);
            }
            1 => {
                scope.add_query("b", &second);
                from += &self.join_of_queries("w2 AS b", "a", &first, "b", &second);
            }
            _ => {}
        }
        self.select(&scope, &from, 0)
    }

    /// Joined by the columns that are alike, all of them: fewer would multiply.
    fn join_of_queries(&mut self, table: &str, a: &str, left: &Query, b: &str, right: &Query) -> String {
        let pairs: Vec<(usize, usize)> = (0..left.kinds.len())
            .filter_map(|at| {
                let alike = |kind: &Kind| *kind == left.kinds[at] && *kind != Kind::Float && *kind != Kind::Bool;
                right.kinds.iter().position(alike).map(|other| (at, other))
            })
            .collect();
        if pairs.is_empty() {
            return format!(" CROSS JOIN (SELECT * FROM {table} LIMIT 0) AS {b}");
        }
        let on: Vec<String> = pairs.iter().map(|(l, r)| format!("{a}.c{l} = {b}.c{r}")).collect();
        let kind = self.join_kind();
        // What is grouped by the columns joined by doesn't multiply.
        let name = table.split(' ').next().unwrap_or(table);
        let mut keys: Vec<usize> = pairs.iter().map(|(_, right)| *right).collect();
        keys.sort_unstable();
        keys.dedup();
        let shown: Vec<String> = (0..right.kinds.len())
            .map(|at| if keys.contains(&at) { format!("c{at}") } else { one(right.kinds[at], at) })
            .collect();
        let keys: Vec<String> = keys.iter().map(|at| format!("c{at}")).collect();
        format!(
            " {kind} JOIN (SELECT {} FROM {name} GROUP BY {}) AS {b} ON {}",
            shown.join(", "),
            keys.join(", "),
            on.join(" AND ")
        )
    }

    fn join_kind(&mut self) -> &'static str {
        self.rng.choice(["INNER", "INNER", "LEFT", "LEFT", "RIGHT", "FULL"]).unwrap()
    }

    fn set_operation(&mut self, depth: usize) -> Query {
        let first = self.query(depth);
        let mut sql = format!("SELECT * FROM ({}) AS s0", first.sql);
        let exact = first.kinds.iter().all(|kind| *kind != Kind::Float);
        for at in 1..=self.rng.usize(1..3) {
            let operations = ["UNION ALL", "UNION ALL", "UNION", "INTERSECT", "EXCEPT"];
            let operation = if exact { operations[self.rng.usize(0..5)] } else { operations[0] };
            let next = self.like(&first, depth);
            sql = format!("SELECT * FROM ({sql}) AS u{at} {operation} SELECT * FROM ({next}) AS v{at}");
        }
        let query = Query { sql, kinds: first.kinds };
        if self.rng.bool() {
            return query;
        }
        // A filter above a set operation is pushed into its arms.
        let name = self.alias();
        let mut scope = Scope::default();
        scope.add_query(&name, &query);
        let filter = predicate(&mut self.rng, &scope);
        let columns: Vec<String> = (0..query.kinds.len()).map(|at| format!("c{at}")).collect();
        Query {
            sql: format!("SELECT {} FROM ({}) AS {name} WHERE {filter}", columns.join(", "), query.sql),
            kinds: query.kinds,
        }
    }

    /// A query whose columns are of these kinds, some of them constants.
    fn like(&mut self, model: &Query, depth: usize) -> String {
        let (scope, from) = self.source(depth.saturating_sub(1));
        let columns: Vec<String> = model
            .kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| format!("{} AS c{at}", key(&mut self.rng, &scope, *kind)))
            .collect();
        let filter = predicate(&mut self.rng, &scope);
        let distinct = if self.rng.bool() { "DISTINCT " } else { "" };
        format!("SELECT {distinct}{} FROM {from} WHERE {filter}", columns.join(", "))
    }

    fn query(&mut self, depth: usize) -> Query {
        let (scope, from) = self.source(depth);
        self.select(&scope, &from, depth)
    }

    fn select(&mut self, scope: &Scope, from: &str, depth: usize) -> Query {
        let mut filters = Vec::new();
        for _ in 0..self.rng.usize(0..3) {
            filters.push(predicate(&mut self.rng, scope));
        }
        if depth > 0 && self.rng.u8(0..4) == 0 {
            filters.push(self.subquery_filter(scope));
        }
        let filter = if filters.is_empty() { String::new() } else { format!(" WHERE {}", filters.join(" AND ")) };
        match self.rng.u8(0..10) {
            0..=4 => self.grouped(scope, from, &filter),
            5..=6 => self.windowed(scope, from, &filter),
            _ => self.plain(scope, from, &filter, depth),
        }
    }

    fn plain(&mut self, scope: &Scope, from: &str, filter: &str, depth: usize) -> Query {
        let mut columns = Vec::new();
        let mut kinds = Vec::new();
        for at in 0..self.rng.usize(1..5) {
            let (expression, kind) = if depth > 0 && self.rng.u8(0..12) == 0 {
                self.scalar_subquery(scope)
            } else {
                scalar(&mut self.rng, scope)
            };
            columns.push(format!("{expression} AS c{at}"));
            kinds.push(kind);
        }
        let exact = kinds.iter().all(|kind| *kind != Kind::Float);
        let distinct = if exact && self.rng.bool() { "DISTINCT " } else { "" };
        Query { sql: format!("SELECT {distinct}{} FROM {from}{filter}", columns.join(", ")), kinds }
    }

    fn grouped(&mut self, scope: &Scope, from: &str, filter: &str) -> Query {
        let (mut columns, mut kinds, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.rng.usize(0..4) {
            let (expression, kind) = scalar(&mut self.rng, scope);
            // A key that no column speaks of is the whole query's.
            if kind != Kind::Float && expression.contains('.') && !keys.contains(&expression) {
                columns.push(format!("{expression} AS c{}", columns.len()));
                kinds.push(kind);
                keys.push(expression);
            }
        }
        for _ in 0..self.rng.usize(1..4) {
            let (expression, kind) = aggregate(&mut self.rng, scope);
            columns.push(format!("{expression} AS c{}", columns.len()));
            kinds.push(kind);
        }
        let groups = match self.rng.u8(0..8) {
            _ if keys.is_empty() => String::new(),
            0 => format!(" GROUP BY ROLLUP ({})", keys.join(", ")),
            1 => format!(" GROUP BY CUBE ({})", keys.join(", ")),
            2 => format!(" GROUP BY GROUPING SETS (({}), ({}), ())", keys.join(", "), keys[0]),
            _ => format!(" GROUP BY {}", keys.join(", ")),
        };
        let having = match self.rng.u8(0..5) {
            0 => " HAVING count(*) > 1".to_owned(),
            1 => match scope.of(&mut self.rng, Kind::Decimal) {
                Some(column) => format!(" HAVING sum({}) > {}", column.expression, self.rng.i32(-5..50)),
                None => String::new(),
            },
            _ => String::new(),
        };
        Query { sql: format!("SELECT {} FROM {from}{filter}{groups}{having}", columns.join(", ")), kinds }
    }

    fn windowed(&mut self, scope: &Scope, from: &str, filter: &str) -> Query {
        let (mut columns, mut kinds) = (Vec::new(), Vec::new());
        for _ in 0..self.rng.usize(1..3) {
            let (expression, kind) = scalar(&mut self.rng, scope);
            columns.push(format!("{expression} AS c{}", columns.len()));
            kinds.push(kind);
        }
        for _ in 0..self.rng.usize(1..3) {
            let (expression, kind) = window(&mut self.rng, scope);
            columns.push(format!("{expression} AS c{}", columns.len()));
            kinds.push(kind);
        }
        Query { sql: format!("SELECT {} FROM {from}{filter}", columns.join(", ")), kinds }
    }

    /// `IN`, `NOT IN`, `EXISTS` or a comparison with a query over another table.
    fn subquery_filter(&mut self, scope: &Scope) -> String {
        let table = self.rng.choice(self.tables).unwrap().clone();
        let name = self.alias();
        let mut inner = Scope::default();
        inner.add_table(&name, &table);
        let filter = predicate(&mut self.rng, &inner);
        let pair = scope.common(&mut self.rng, &inner);
        let Some((outer, column)) = pair else { return "1 = 1".to_owned() };
        let from = format!("\"{}\" AS {name}", table.name);
        match self.rng.u8(0..5) {
            0 => format!("{outer} IN (SELECT {column} FROM {from} WHERE {filter})"),
            1 => format!("{outer} NOT IN (SELECT {column} FROM {from} WHERE {filter})"),
            2 => format!("EXISTS (SELECT 1 FROM {from} WHERE {column} = {outer} AND {filter})"),
            3 => format!("NOT EXISTS (SELECT 1 FROM {from} WHERE {column} = {outer} AND {filter})"),
            _ => format!("{outer} >= (SELECT min({column}) FROM {from} WHERE {filter})"),
        }
    }

    fn scalar_subquery(&mut self, scope: &Scope) -> (String, Kind) {
        let table = self.rng.choice(self.tables).unwrap().clone();
        let name = self.alias();
        let mut inner = Scope::default();
        inner.add_table(&name, &table);
        let (aggregated, kind) = aggregate(&mut self.rng, &inner);
        let filter = predicate(&mut self.rng, &inner);
        let correlated = match scope.common(&mut self.rng, &inner) {
            Some((outer, column)) if self.rng.bool() => format!(" AND {column} = {outer}"),
            _ => String::new(),
        };
        (format!("(SELECT {aggregated} FROM \"{}\" AS {name} WHERE {filter}{correlated})", table.name), kind)
    }

    /// What a FROM says, and the columns it brings.
    fn source(&mut self, depth: usize) -> (Scope, String) {
        let mut scope = Scope::default();
        let name = self.alias();
        if depth > 0 && self.rng.u8(0..3) == 0 {
            let query = if self.rng.u8(0..3) == 0 { self.set_operation(depth - 1) } else { self.query(depth - 1) };
            scope.add_query(&name, &query);
            return (scope, format!("({}) AS {name}", query.sql));
        }
        let table = self.rng.choice(self.tables).unwrap().clone();
        scope.add_table(&name, &table);
        let mut from = format!("\"{}\" AS {name}", table.name);
        if self.rng.u8(0..10) == 0 {
            from = format!("(SELECT * FROM \"{}\" WHERE 1 = 0) AS {name}", table.name);
        }
        for _ in 0..self.rng.usize(0..3) {
            from += &self.join(&mut scope, &name, &table);
        }
        (scope, from)
    }

    fn join(&mut self, scope: &mut Scope, left: &str, table: &Table) -> String {
        let other = self.rng.choice(self.tables).unwrap().clone();
        let has = |table: &Table, key: &str| table.columns.iter().any(|column| column.name == key);
        let mut keys: Vec<&str> = KEYS.into_iter().filter(|key| has(table, key) && has(&other, key)).collect();
        if keys.is_empty() {
            return String::new();
        }
        let name = self.alias();
        let kind = self.join_kind();
        let selective = keys.iter().any(|key| SELECTIVE.contains(key)) && self.rng.bool();
        let on = |keys: &[&str]| {
            keys.iter().map(|key| format!("{left}.{key} = {name}.{key}")).collect::<Vec<_>>().join(" AND ")
        };
        if selective {
            scope.add_table(&name, &other);
            return format!(" {kind} JOIN \"{}\" AS {name} ON {}", other.name, on(&keys));
        }
        while keys.len() > 1 && self.rng.bool() {
            keys.remove(self.rng.usize(0..keys.len()));
        }
        let mut inner = Scope::default();
        inner.add_table("j", &other);
        let (aggregated, aggregated_kind) = aggregate(&mut self.rng, &inner);
        let filter = predicate(&mut self.rng, &inner);
        scope.add_keys(&name, &other, &keys, ("value", aggregated_kind));
        let shown: Vec<String> = keys.iter().map(|key| format!("j.{key}")).collect();
        let shown = shown.join(", ");
        let where_ = if self.rng.bool() { format!(" WHERE {filter}") } else { String::new() };
        format!(
            " {kind} JOIN (SELECT {shown}, {aggregated} AS value FROM \"{}\" AS j{where_} GROUP BY {shown}) AS {name} \
             ON {}",
            other.name,
            on(&keys)
        )
    }
}

/// One value of a group, whichever engine picks it.
fn one(kind: Kind, at: usize) -> String {
    match kind {
        Kind::Bool => format!("bool_and(c{at}) AS c{at}"),
        _ => format!("max(c{at}) AS c{at}"),
    }
}
