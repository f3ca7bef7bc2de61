//! What analysts can ask about: the lake's tables, their columns, and values that occur in them.

use sellerlake_pipelines::{Granted, Workspace};

use crate::analysts::rows::{Rows, rows};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Int,
    Decimal,
    Date,
    Time,
    Bool,
    /// Only ever shown: two engines may round it differently.
    Float,
}

#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    /// The type as the other engine writes it.
    pub other_type: String,
    /// Literals that occur in the column.
    pub values: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
}

/// Values looked at per column.
const VALUES: usize = 8;

/// Tables, rollups and references that have rows, in the order of their names.
pub async fn tables(workspace: &Workspace) -> Vec<Table> {
    let ask = async |sql: &str| -> Rows {
        let answer = workspace.ask(sql, &Granted::All).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        rows(&answer.collect().await.unwrap())
    };
    let listed = "SELECT table_name, column_name, data_type FROM information_schema.columns
         WHERE table_schema = 'lake' ORDER BY table_name, ordinal_position";
    let mut tables: Vec<Table> = Vec::new();
    for row in ask(listed).await {
        let [Some(table), Some(column), Some(data_type)] = &row[..] else { panic!("{row:?}") };
        let Some((kind, other_type)) = kind(data_type) else { continue };
        if tables.last().is_none_or(|last| last.name != *table) {
            tables.push(Table { name: table.clone(), columns: Vec::new() });
        }
        let values = format!(
            "SELECT DISTINCT \"{column}\" FROM \"{table}\" WHERE \"{column}\" IS NOT NULL ORDER BY 1 LIMIT 200"
        );
        let found: Vec<String> = ask(&values).await.into_iter().filter_map(|mut row| row.remove(0)).collect();
        let step = (found.len() / VALUES).max(1);
        let values = found.iter().step_by(step).map(|value| literal(kind, value)).collect();
        tables.last_mut().unwrap().columns.push(Column { name: column.clone(), kind, other_type, values });
    }
    tables.retain(|table| table.columns.iter().any(|column| !column.values.is_empty()));
    tables
}

fn kind(data_type: &str) -> Option<(Kind, String)> {
    let known = match data_type {
        "Utf8" | "Utf8View" => (Kind::Text, "VARCHAR".to_owned()),
        "Int64" => (Kind::Int, "BIGINT".to_owned()),
        "Date32" => (Kind::Date, "DATE".to_owned()),
        "Boolean" => (Kind::Bool, "BOOLEAN".to_owned()),
        timestamp if timestamp.starts_with("Timestamp") => (Kind::Time, "TIMESTAMP".to_owned()),
        decimal => (Kind::Decimal, decimal.strip_prefix("Decimal128").map(|size| format!("DECIMAL{size}"))?),
    };
    Some(known)
}

fn literal(kind: Kind, value: &str) -> String {
    match kind {
        Kind::Text => format!("'{}'", value.replace('\'', "''")),
        Kind::Date => format!("DATE '{value}'"),
        Kind::Time => format!("TIMESTAMP '{value}'"),
        Kind::Int | Kind::Decimal | Kind::Bool | Kind::Float => value.to_owned(),
    }
}
