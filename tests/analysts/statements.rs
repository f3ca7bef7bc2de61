//! Statements as analysts write them, and as they don't: seeded, over whatever tables there are.
//!
//! Each means one answer: what two engines may order, cut or round differently is ordered by everything, not cut, or
//! marked as a float.

use fastrand::Rng;

use crate::analysts::expressions::{Scope, Shape, Term, aggregate, key, predicate, scalar, window};
use crate::analysts::schema::{Kind, Table};

/// A SELECT without its ORDER BY, and its columns: c0, c1, ...
#[derive(Debug, Clone)]
pub struct Query {
    pub sql: String,
    pub columns: Vec<Shape>,
}

impl Query {
    pub fn kinds(&self) -> Vec<Kind> {
        self.columns.iter().map(|shape| shape.kind).collect()
    }

    /// Rows can be told apart, ordered and compared.
    fn is_exact(&self) -> bool {
        self.columns.iter().all(|shape| shape.kind != Kind::Float)
    }
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
        let all: Vec<String> = (0..query.columns.len()).map(|at| self.sort_key(at)).collect();
        let (rest, ordered) = match self.rng.u8(0..8) {
            // Among equal rows it doesn't matter which are cut off.
            0..=3 if query.is_exact() => (format!(" ORDER BY {} {}", all.join(", "), self.limit()), true),
            4..=6 if query.is_exact() => (format!(" ORDER BY {}", all.join(", ")), true),
            _ => (String::new(), false),
        };
        let sql = format!("{with}SELECT * FROM ({}) AS answer{rest}", query.sql);
        Statement { sql, kinds: query.kinds(), ordered }
    }

    fn sort_key(&mut self, at: usize) -> String {
        let order = self.rng.choice(["", "", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"]).unwrap();
        format!("c{at}{order}")
    }

    fn limit(&mut self) -> String {
        let offset = if self.rng.u8(0..20) == 0 { format!(" OFFSET {}", self.rng.u8(0..4)) } else { String::new() };
        let rows = if self.rng.u8(0..100) == 0 { 0 } else { self.rng.choice([1, 5, 20, 200]).unwrap() };
        format!("LIMIT {rows}{offset}")
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
        let (left_kinds, right_kinds) = (left.kinds(), right.kinds());
        let pairs: Vec<(usize, usize)> = (0..left_kinds.len())
            .filter_map(|at| {
                let alike = |kind: &Kind| *kind == left_kinds[at] && *kind != Kind::Float && *kind != Kind::Bool;
                right_kinds.iter().position(alike).map(|other| (at, other))
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
        let shown: Vec<String> = (0..right_kinds.len())
            .map(|at| if keys.contains(&at) { format!("c{at}") } else { one(right_kinds[at], at) })
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
        self.rng.choice(["INNER", "LEFT", "LEFT", "LEFT", "RIGHT", "FULL", "FULL"]).unwrap()
    }

    fn set_operation(&mut self, depth: usize) -> Query {
        let first = self.query(depth);
        let mut sql = format!("SELECT * FROM ({}) AS s0", first.sql);
        for at in 1..=self.rng.usize(1..3) {
            let operations = ["UNION ALL", "UNION ALL", "UNION", "UNION", "UNION", "EXCEPT", "INTERSECT"];
            let operation = if first.is_exact() { operations[self.rng.usize(0..7)] } else { operations[0] };
            // Rows of unrelated queries are hardly ever the same.
            let next = if operation.starts_with("INTERSECT") || self.rng.u8(0..3) == 0 {
                self.part_of(&first)
            } else {
                self.like(&first, depth)
            };
            sql = format!("SELECT * FROM ({sql}) AS u{at} {operation} SELECT * FROM ({next}) AS v{at}");
        }
        let query = Query { sql, columns: first.columns };
        if self.rng.bool() {
            return query;
        }
        // A filter above a set operation is pushed into its arms.
        let sql = self.part_of(&query);
        Query { sql, columns: query.columns }
    }

    /// Some rows of a query.
    fn part_of(&mut self, query: &Query) -> String {
        let name = self.alias();
        let mut scope = Scope::default();
        scope.add_query(&name, query);
        let filter = predicate(&mut self.rng, &scope);
        let columns: Vec<String> = (0..query.columns.len()).map(|at| format!("c{at}")).collect();
        format!("SELECT {} FROM ({}) AS {name} WHERE {filter}", columns.join(", "), query.sql)
    }

    /// A query whose columns are of these kinds, some of them constants.
    fn like(&mut self, model: &Query, depth: usize) -> String {
        let (scope, from) = self.source(depth.saturating_sub(1));
        let columns: Vec<String> = model
            .kinds()
            .into_iter()
            .enumerate()
            .map(|(at, kind)| format!("{} AS c{at}", key(&mut self.rng, &scope, kind)))
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
        for _ in 0..[0, 0, 0, 0, 0, 0, 1, 1, 1, 2][self.rng.usize(0..10)] {
            filters.push(predicate(&mut self.rng, scope));
        }
        if depth > 0 && self.rng.u8(0..6) == 0 {
            let filter = self.subquery_filter(scope);
            filters.push(match self.rng.u8(0..4) {
                0 => format!("({filter} OR {})", predicate(&mut self.rng, scope)),
                1 => format!("NOT ({filter})"),
                _ => filter,
            });
        }
        let filter = if filters.is_empty() { String::new() } else { format!(" WHERE {}", filters.join(" AND ")) };
        match self.rng.u8(0..20) {
            0..=9 => self.grouped(scope, from, &filter),
            10..=13 => self.windowed(scope, from, &filter),
            14 => self.newest(scope, from, &filter),
            _ => self.plain(scope, from, &filter, depth),
        }
    }

    fn plain(&mut self, scope: &Scope, from: &str, filter: &str, depth: usize) -> Query {
        let mut list = List::default();
        for _ in 0..self.rng.usize(1..5) {
            list.add(match self.rng.u8(0..24) {
                0..=1 if depth > 0 => self.scalar_subquery(scope),
                2 if depth > 0 => Term::new(self.subquery_filter(scope), Kind::Bool),
                3 => Term::new(predicate(&mut self.rng, scope), Kind::Bool),
                _ => scalar(&mut self.rng, scope),
            });
        }
        let exact = list.columns.iter().all(|shape| shape.kind != Kind::Float);
        let distinct = if exact && self.rng.bool() { "DISTINCT " } else { "" };
        list.query(&format!("SELECT {distinct}"), &format!(" FROM {from}{filter}"))
    }

    /// One row of each group: the first, by all there is to order by.
    fn newest(&mut self, scope: &Scope, from: &str, filter: &str) -> Query {
        let mut list = List::default();
        for _ in 0..self.rng.usize(2..4) {
            list.add(scalar(&mut self.rng, scope));
        }
        if list.columns.iter().any(|shape| shape.kind == Kind::Float) || list.has_constants() {
            return list.query("SELECT ", &format!(" FROM {from}{filter}"));
        }
        let keys = list.expressions.join(", ");
        let first = list.expressions[0].clone();
        list.query(&format!("SELECT DISTINCT ON ({first}) "), &format!(" FROM {from}{filter} ORDER BY {keys}"))
    }

    fn grouped(&mut self, scope: &Scope, from: &str, filter: &str) -> Query {
        let mut list = List::default();
        for _ in 0..self.rng.usize(0..4) {
            let key = scalar(&mut self.rng, scope);
            // A key that no column speaks of is the whole query's.
            if key.shape.kind != Kind::Float && speaks_of_columns(&key.sql) && !list.expressions.contains(&key.sql) {
                list.add(key);
            }
        }
        let keys = list.expressions.clone();
        for _ in 0..self.rng.usize(1..4) {
            list.add(aggregate(&mut self.rng, scope));
        }
        let groups = match self.rng.u8(0..8) {
            _ if keys.is_empty() => String::new(),
            0 => format!(" GROUP BY ROLLUP ({})", keys.join(", ")),
            1 => format!(" GROUP BY CUBE ({})", keys.join(", ")),
            2 => format!(" GROUP BY GROUPING SETS (({}), ({}), ())", keys.join(", "), keys[0]),
            _ => format!(" GROUP BY {}", keys.join(", ")),
        };
        let having = match self.rng.u8(0..12) {
            0 => " HAVING count(*) > 1".to_owned(),
            1 => match scope.of(&mut self.rng, Kind::Decimal) {
                Some(column) => format!(" HAVING sum({}) > {}", column.expression, self.rng.i32(-5..10)),
                None => String::new(),
            },
            _ => String::new(),
        };
        list.query("SELECT ", &format!(" FROM {from}{filter}{groups}{having}"))
    }

    fn windowed(&mut self, scope: &Scope, from: &str, filter: &str) -> Query {
        let mut list = List::default();
        for _ in 0..self.rng.usize(1..3) {
            list.add(scalar(&mut self.rng, scope));
        }
        for _ in 0..self.rng.usize(1..3) {
            list.add(window(&mut self.rng, scope));
        }
        let qualify = match key_of(&mut self.rng, scope) {
            Some(key) if self.rng.u8(0..6) == 0 => format!(" QUALIFY rank() OVER (ORDER BY {key} DESC) <= 3"),
            _ => String::new(),
        };
        list.query("SELECT ", &format!(" FROM {from}{filter}{qualify}"))
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
        let from = format!("{} AS {name}", table.reference());
        match self.rng.u8(0..7) {
            0 => format!("{outer} IN (SELECT {column} FROM {from} WHERE {filter})"),
            1 => format!("{outer} NOT IN (SELECT {column} FROM {from} WHERE {filter})"),
            2 => format!("EXISTS (SELECT 1 FROM {from} WHERE {column} = {outer} AND {filter})"),
            3 => format!("NOT EXISTS (SELECT 1 FROM {from} WHERE {column} = {outer} AND {filter})"),
            4 => format!("EXISTS (SELECT 1 FROM {from} WHERE {filter})"),
            5 => format!("{outer} <= (SELECT max({column}) FROM {from} WHERE {filter})"),
            _ => format!("{outer} >= (SELECT min({column}) FROM {from} WHERE {filter})"),
        }
    }

    fn scalar_subquery(&mut self, scope: &Scope) -> Term {
        let table = self.rng.choice(self.tables).unwrap().clone();
        let name = self.alias();
        let mut inner = Scope::default();
        inner.add_table(&name, &table);
        let Term { sql, shape } = aggregate(&mut self.rng, &inner);
        let filter = predicate(&mut self.rng, &inner);
        let correlated = match scope.common(&mut self.rng, &inner) {
            Some((outer, column)) if self.rng.bool() => format!(" AND {column} = {outer}"),
            _ => String::new(),
        };
        Term { sql: format!("(SELECT {sql} FROM {} AS {name} WHERE {filter}{correlated})", table.reference()), shape }
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
        let mut from = format!("{} AS {name}", table.reference());
        if self.rng.u8(0..80) == 0 {
            from = format!("(SELECT * FROM {} WHERE 1 = 0) AS {name}", table.reference());
        }
        if self.rng.u8(0..5) == 0
            && let Some(joined) = self.joined_by_names(&name, &table)
        {
            return joined;
        }
        for _ in 0..[0, 0, 1, 1, 2][self.rng.usize(0..5)] {
            from += &self.join(&mut scope, &name, &table);
        }
        (scope, from)
    }

    /// A table and one or two others, grouped by what they are joined by: USING or NATURAL.
    fn joined_by_names(&mut self, left: &str, table: &Table) -> Option<(Scope, String)> {
        let has = |table: &Table, key: &str| table.columns.iter().any(|column| column.name == key);
        let mut other = self.rng.choice(self.tables)?;
        let mut keys: Vec<&str> = KEYS.into_iter().filter(|key| has(table, key) && has(other, key)).collect();
        while keys.len() > 1 && self.rng.bool() {
            keys.remove(self.rng.usize(0..keys.len()));
        }
        if keys.is_empty() {
            return None;
        }
        let mut scope = Scope::default();
        scope.add_table(left, table);
        let mut from = format!("{} AS {left}", table.reference());
        let mut values = Vec::new();
        for at in 0..[1, 1, 2][self.rng.usize(0..3)] {
            let mut inner = Scope::default();
            inner.add_table("j", other);
            let (name, value) = (self.alias(), aggregate(&mut self.rng, &inner));
            let filter = predicate(&mut self.rng, &inner);
            let where_ = if self.rng.u8(0..3) == 0 { format!(" WHERE {filter}") } else { String::new() };
            let shown = keys.iter().map(|key| format!("j.{key}")).collect::<Vec<_>>().join(", ");
            let (kind, reference) = (self.join_kind(), other.reference());
            let grouped = format!(
                "(SELECT {shown}, {} AS value{at} FROM {reference} AS j{where_} GROUP BY {shown}) AS {name}",
                value.sql
            );
            from += &if self.rng.bool() {
                format!(" {kind} JOIN {grouped} USING ({})", keys.join(", "))
            } else {
                format!(" NATURAL {kind} JOIN {grouped}")
            };
            let value = (format!("value{at}"), value.shape);
            scope.add_keys(&name, other, &keys, (&value.0, value.1.clone()));
            values.push(value);
            let alike: Vec<&Table> = self.tables.iter().filter(|next| keys.iter().all(|key| has(next, key))).collect();
            other = self.rng.choice(alike)?;
        }
        if self.rng.u8(0..3) > 0 {
            scope.add_merged(table, &keys);
            return Some((scope, from));
        }
        // The star shows what they were joined by once.
        let name = self.alias();
        let mut scope = Scope::default();
        scope.add_table(&name, table);
        values.into_iter().for_each(|(value, shape)| scope.add_value(&name, (&value, shape)));
        Some((scope, format!("(SELECT * FROM {from}) AS {name}")))
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
            keys.retain(|key| SELECTIVE.contains(key));
            scope.add_table(&name, &other);
            let more = if self.rng.u8(0..3) == 0 {
                format!(" AND {}", predicate(&mut self.rng, scope))
            } else {
                String::new()
            };
            return format!(" {kind} JOIN {} AS {name} ON {}{more}", other.reference(), on(&keys));
        }
        while keys.len() > 1 && self.rng.u8(0..4) > 0 {
            keys.remove(self.rng.usize(0..keys.len()));
        }
        let mut inner = Scope::default();
        inner.add_table("j", &other);
        let value = aggregate(&mut self.rng, &inner);
        let filter = predicate(&mut self.rng, &inner);
        scope.add_keys(&name, &other, &keys, ("value", value.shape));
        let shown: Vec<String> = keys.iter().map(|key| format!("j.{key}")).collect();
        let shown = shown.join(", ");
        let where_ = if self.rng.u8(0..3) == 0 { format!(" WHERE {filter}") } else { String::new() };
        let more =
            if self.rng.u8(0..4) == 0 { format!(" AND {}", predicate(&mut self.rng, scope)) } else { String::new() };
        format!(
            " {kind} JOIN (SELECT {shown}, {} AS value FROM {} AS j{where_} GROUP BY {shown}) AS {name} ON {}{more}",
            value.sql,
            other.reference(),
            on(&keys)
        )
    }
}

fn speaks_of_columns(expression: &str) -> bool {
    expression.contains('.') || expression.contains('"')
}

/// A SELECT list under way.
#[derive(Default)]
struct List {
    expressions: Vec<String>,
    columns: Vec<Shape>,
}

impl List {
    fn add(&mut self, term: Term) {
        self.expressions.push(term.sql);
        self.columns.push(term.shape);
    }

    fn has_constants(&self) -> bool {
        let column = |expression: &String| expression.contains("t1.") || expression.contains('"');
        !self.expressions.iter().all(column)
    }

    fn query(self, before: &str, after: &str) -> Query {
        let shown = self.expressions.iter().enumerate().map(|(at, sql)| format!("{sql} AS c{at}"));
        Query { sql: format!("{before}{}{after}", shown.collect::<Vec<_>>().join(", ")), columns: self.columns }
    }
}

/// A column that orders.
fn key_of(rng: &mut Rng, scope: &Scope) -> Option<String> {
    let kind = rng.choice([Kind::Int, Kind::Decimal, Kind::Date, Kind::Text])?;
    scope.of(rng, kind).map(|column| column.expression.clone())
}

/// One value of a group, whichever engine picks it.
fn one(kind: Kind, at: usize) -> String {
    match kind {
        Kind::Bool => format!("bool_and(c{at}) AS c{at}"),
        _ => format!("max(c{at}) AS c{at}"),
    }
}
