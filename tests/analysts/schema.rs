//! What analysts can ask about: the lake's tables, their columns, and values that occur in them.

use crate::analysts::engines::Here;
use crate::analysts::rows::Rows;

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
    pub schema: String,
    pub name: String,
    pub columns: Vec<Column>,
}

impl Table {
    /// As statements name it.
    pub fn reference(&self) -> String {
        match self.schema.as_str() {
            "lake" => format!("\"{}\"", self.name),
            schema => format!("{schema}.\"{}\"", self.name),
        }
    }
}

/// Values looked at per column.
const VALUES: usize = 8;

/// Tables, rollups, references and sources, in the order of their names; without values.
pub async fn tables(here: &Here) -> Vec<Table> {
    let listed = "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
         WHERE table_schema IN ('lake', 'sources') ORDER BY table_schema, table_name, ordinal_position";
    let mut tables: Vec<Table> = Vec::new();
    for row in here.rows(listed).await {
        let [Some(schema), Some(table), Some(column), Some(data_type)] = &row[..] else { panic!("{row:?}") };
        let Some((kind, other_type)) = kind(data_type) else { continue };
        if tables.last().is_none_or(|last| last.schema != *schema || last.name != *table) {
            tables.push(Table { schema: schema.clone(), name: table.clone(), columns: Vec::new() });
        }
        let column = Column { name: column.clone(), kind, other_type, values: Vec::new() };
        tables.last_mut().unwrap().columns.push(column);
    }
    tables
}

/// Finds values that occur; tables without rows are left out.
pub fn look_up_values(tables: &mut Vec<Table>, mut ask: impl FnMut(&str) -> Rows) {
    for table in tables.iter_mut() {
        let from = table.reference();
        for Column { name, kind, values, .. } in &mut table.columns {
            // Of rows here and there: what many rows hold is asked for by many statements.
            let rows =
                format!("SELECT \"{name}\", row_number() OVER () AS nth__, count(*) OVER () AS rows__ FROM {from}");
            let here_and_there = format!("nth__ % greatest(rows__ // {VALUES}, 1) = 0 AND \"{name}\" IS NOT NULL");
            let sampled = format!("SELECT \"{name}\" FROM ({rows}) WHERE {here_and_there} ORDER BY 1");
            let all =
                format!("SELECT DISTINCT \"{name}\" FROM {from} WHERE \"{name}\" IS NOT NULL ORDER BY 1 LIMIT 200");
            let mut found = ask(&sampled);
            if found.len() < VALUES / 2 {
                found = ask(&all);
            }
            let found: Vec<String> = found.into_iter().filter_map(|mut row| row.remove(0)).collect();
            let step = (found.len() / VALUES).max(1);
            *values = found.iter().step_by(step).map(|value| literal(*kind, value)).collect();
        }
    }
    tables.retain(|table| table.columns.iter().any(|column| !column.values.is_empty()));
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
