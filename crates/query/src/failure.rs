//! What went wrong in a query, in sellerlake's words.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use parquet::errors::ParquetError;
use sellerlake_contracts::{Error, Kind};
use sellerlake_schemas::nearest;
use tokio::task::JoinError;

use crate::naming::short_name;

/// The object at this path is not the version the catalogue knew when the query was planned.
///
/// It is the source of a [`Kind::Conflict`] error: read the object's state again, and plan again.
#[derive(Debug)]
pub struct Replaced {
    /// Path relative to the lake.
    pub path: String,
}

impl Replaced {
    pub(crate) fn error(path: &str) -> Error {
        Error::transient(Kind::Conflict, "an object was replaced after the query was planned")
            .at("query.read")
            .with("path", path)
            .hint("ask again; where nobody writes to the lake, `sellerlake verify` says what became of it")
            .source(Self { path: path.to_owned() })
    }
}

impl fmt::Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was replaced", self.path)
    }
}

impl StdError for Replaced {}

/// The replaced object an error tells of, however deep DataFusion wrapped it.
pub fn replaced<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Replaced> {
    find(error)
}

/// The conflict an error tells of, however deep DataFusion wrapped it.
pub fn conflict(error: &DataFusionError) -> Option<&Error> {
    find::<Error>(error).filter(|error| error.kind() == Kind::Conflict)
}

fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // A boxed error is a cause of its own to `source`, so the chain passes through boxes.
        next = match error.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
            _ => error.source(),
        };
    }
    None
}

/// Turns DataFusion's error into ours. `names` are the tables of the session, for the hint.
///
/// Kinds: [`Kind::Conflict`] and whatever else the reader raised, [`Kind::Limit`] for memory and spill space,
/// [`Kind::Storage`] for a store or disk that fails, [`Kind::Data`] for objects that aren't Parquet,
/// [`Kind::Query`] for what the statement's author can mend,
/// [`Kind::Internal`] for the rest.
pub fn explain(error: DataFusionError, names: &[String]) -> Error {
    if let Some(ours) = find::<Error>(&error).map(say_again) {
        return ours.source(error);
    }
    // Whoever shares a task's rows shares its end.
    let ended = find::<JoinError>(&error).or_else(|| find::<Arc<JoinError>>(&error).map(Arc::as_ref));
    if ended.is_some_and(JoinError::is_panic) {
        return broke_off();
    }
    let known = || names.iter().map(String::as_str);
    match root(&error) {
        DataFusionError::ResourcesExhausted(message) => exhausted(message).source(error),
        DataFusionError::SchemaError(schema, _) => column(schema),
        DataFusionError::SQL(parser, _) => query(parser.to_string().trim_start_matches("sql parser error: ")),
        DataFusionError::Plan(message) | DataFusionError::NotImplemented(message) => match missing_table(message) {
            Some(table) => table_error(table, known()),
            None => refused(message).unwrap_or_else(|| query(message)),
        },
        DataFusionError::Execution(message) => query(message),
        DataFusionError::Internal(message) => refused(message).unwrap_or_else(|| failed().source(error)),
        DataFusionError::ArrowError(arrow, _) if matches!(**arrow, ArrowError::ParquetError(_)) => {
            unreadable().source(error)
        }
        DataFusionError::ArrowError(arrow, _) => match arrow.as_ref() {
            ArrowError::ArithmeticOverflow(what) => too_large(what),
            other => refused(&other.to_string()).unwrap_or_else(|| query(&other.to_string())),
        },
        DataFusionError::ParquetError(parquet) if !matches!(**parquet, ParquetError::External(_)) => {
            unreadable().source(error)
        }
        DataFusionError::ParquetError(_) | DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) => {
            Error::transient(Kind::Storage, "an object or a spill file can't be read").at("query.read").source(error)
        }
        _ => failed().source(error),
    }
}

fn failed() -> Error {
    Error::permanent(Kind::Internal, "the query engine failed").at("query.run")
}

/// The engine panicked. Its own words are for the log: they say nothing about the statement.
pub(crate) fn broke_off() -> Error {
    Error::permanent(Kind::Internal, "the statement met a fault of the query engine, which broke off")
        .at("query.run")
        .hint("say the same in another way, in smaller steps; and please report the statement")
}

/// What DataFusion can't do, and how to ask for it: by part of what it says.
const REFUSED: [(&str, &str, &str); 11] = [
    (
        "require unique expression names",
        "two columns of one SELECT are called the same",
        "give one of them another name: ... AS other_name",
    ),
    (
        "Physical plan does not support logical expression ScalarSubquery",
        "a subquery that refers to the statement around it is understood where it compares columns for equality only",
        "join the subquery's table instead, grouped by what it is compared by",
    ),
    (
        "Physical plan does not support logical expression",
        "IN and EXISTS are understood in WHERE, HAVING and SELECT, and where they compare columns of both for equality",
        "join the subquery's table instead, grouped by what it is compared by",
    ),
    (
        "the expression \"__correlated_sq_",
        "a total after IN, of a subquery that refers to the statement around it, is understood without HAVING",
        "compare with the subquery by =, or join its table instead, grouped by what it is compared by",
    ),
    (
        "orrelated scalar subquery",
        "a subquery that refers to the statement around it has to yield one row, and to stand in SELECT or WHERE",
        "aggregate it (max, sum, ...), or join its table instead",
    ),
    (
        "Conflicting ordering requirements in aggregate functions",
        "two functions of one SELECT want their rows in different orders",
        "give all of them one ORDER BY, or compute one in a subquery and join it",
    ),
    (
        "Invalid comparison operation",
        "the query engine loses the type of a value on its way through a UNION or a subquery",
        "CAST the value where it is first computed, and again where it is compared",
    ),
    (
        "Can't compare arrays of different types",
        "the query engine loses the type of a value on its way through a UNION or a subquery",
        "CAST the value where it is first computed, and again where it is compared",
    ),
    (
        "The data type inlist should be same",
        "the query engine loses the type of a value on its way through a UNION or a subquery",
        "CAST the value where it is first computed, and again where it is compared",
    ),
    (
        "does not match with the projection expression",
        "the query engine loses a column on its way through the joins of this statement",
        "join in a subquery, or in a WITH, what is joined first",
    ),
    (
        "does not satisfy order requirements",
        "the query engine finds no order of work for this statement",
        "leave out an ORDER BY, or sort by fewer columns",
    ),
];

fn refused(message: &str) -> Option<Error> {
    let (_, what, instead) = REFUSED.iter().find(|(says, ..)| message.contains(says))?;
    tracing::debug!(detail = message, "DataFusion refused a statement");
    Some(query(what).hint(*instead))
}

/// Instead of another number.
fn too_large(what: &str) -> Error {
    query(&format!("a number grows too large for its type: {}", what.trim_start_matches("Overflow happened on: ")))
        .hint(
            "calculate in a type with more room: CAST(x AS DECIMAL(38, 0)) for whole numbers, DOUBLE for rounded ones",
        )
}

fn unreadable() -> Error {
    Error::permanent(Kind::Data, "an object is not a readable Parquet file")
        .at("query.read")
        .hint("`sellerlake verify` says which; `sellerlake verify --repair` makes it again")
}

/// An error can't be taken out of the chain it sits in, so it is said again; the chain becomes its source.
fn say_again(ours: &Error) -> Error {
    let build = match ours.status() {
        sellerlake_contracts::Status::Transient | sellerlake_contracts::Status::Spent => Error::transient,
        sellerlake_contracts::Status::Permanent => Error::permanent,
    };
    let hint = ours.remedy().map(str::to_owned);
    let error = build(ours.kind(), ours.to_string()).at("query.run");
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn root(error: &DataFusionError) -> &DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => root(inner),
        DataFusionError::Shared(inner) => root(inner),
        DataFusionError::Collection(errors) => errors.first().map_or(error, root),
        DataFusionError::External(inner) => inner.downcast_ref::<DataFusionError>().map_or(error, root),
        other => other,
    }
}

fn exhausted(message: &str) -> Error {
    // DataFusion lists its largest consumers after the first sentence; the reader needs the sentence.
    let first = message.lines().next().unwrap_or(message);
    tracing::debug!(detail = message, "query memory exhausted");
    Error::permanent(Kind::Limit, "the query needs more memory or spill space than it may use")
        .at("query.run")
        .with("detail", first)
        .hint("filter or aggregate first, name fewer columns, ask when less is under way, or raise `memory_mib`")
}

pub(crate) fn query(message: &str) -> Error {
    Error::permanent(Kind::Query, clean(message)).at("query.plan")
}

/// DataFusion's message without its prefixes and trailing advice about its own settings.
fn clean(message: &str) -> String {
    let mut text = message.trim();
    for prefix in
        ["Error during planning: ", "Execution error: ", "Schema error: ", "ParserError(\"", "TokenizerError(\""]
    {
        text = text.strip_prefix(prefix).unwrap_or(text);
    }
    text.trim_end_matches("\")").trim_end_matches('.').replace('\n', " ")
}

fn missing_table(message: &str) -> Option<&str> {
    let quoted = message.strip_prefix("table '")?.strip_suffix("' not found")?;
    Some(quoted)
}

fn table_error<'a>(table: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let table = short_name(table);
    let error = query(&format!("there is no table {table:?} in this session"));
    match nearest(table, known) {
        Some(near) => error.hint(format!("did you mean {near:?}? SHOW TABLES lists what there is")),
        None => error.hint("SHOW TABLES lists what there is"),
    }
}

fn column(error: &SchemaError) -> Error {
    let (field, valid_fields) = match error {
        SchemaError::FieldNotFound { field, valid_fields } => (field, valid_fields),
        SchemaError::AmbiguousReference { field } if field.relation.is_none() => {
            return query(&format!("more than one table has a column {:?}", field.name))
                .hint("say whose is meant: table.column");
        }
        SchemaError::AmbiguousReference { field } => return twice(&field.name),
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            return twice(name);
        }
    };
    let failure = query(&format!("there is no column {:?} here", field.name));
    match nearest(&field.name, valid_fields.iter().map(|column| column.name.as_str())) {
        Some(near) => failure.hint(format!("did you mean {near:?}?")),
        None => failure.hint("DESCRIBE <table> lists the columns"),
    }
}

fn twice(name: &str) -> Error {
    query(&format!("two columns would be called {name:?}")).hint("give one of them another name: ... AS other_name")
}
