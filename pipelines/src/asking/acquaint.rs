//! What a list kept by hand names though nothing else in the lake does: a misspelt SKU has a cost that no sale meets.

use arrow::array::{Array, AsArray, Int64Array};
use sellerlake_contracts::{Result, SellerId};
use sellerlake_schemas::Source;

use crate::asking::Asking;
use crate::asking::granted::Granted;

/// Unknown texts that are told one by one.
const SHOWN: i64 = 5;

/// A column of a list with texts that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The column.
    pub column: String,
    /// Different texts that nobody knows.
    pub count: i64,
    /// Some of them.
    pub shown: Vec<String>,
    /// Nothing at all is known of the seller: all of the list may be somebody else's.
    pub nobody_known: bool,
}

impl Asking {
    /// Looks a seller's list up in the tables its columns are declared to be known in.
    pub async fn unknown_in_list(&self, source: &Source, seller: &SellerId) -> Result<Vec<Unknown>> {
        let granted = Granted::Sellers([seller.clone()].into());
        let mut unknown = Vec::new();
        for column in source.columns.values().filter(|column| source.by_hand && !column.known_in.is_empty()) {
            let name = &column.name;
            let parts = column.known_in.iter().filter_map(|place| place.split_once('.'));
            let known: Vec<String> =
                parts.map(|(table, column)| format!("SELECT {column} AS name FROM {table}")).collect();
            let statement = format!(
                "WITH known AS ({known}), strangers AS (
                    SELECT DISTINCT l.{name} AS name FROM sources.{list} AS l
                    LEFT JOIN known AS k ON l.{name} = k.name WHERE k.name IS NULL AND l.{name} IS NOT NULL
                )
                SELECT (SELECT count(*) FROM strangers) AS strangers, (SELECT count(name) FROM known) AS known, name
                FROM strangers ORDER BY name LIMIT {SHOWN}",
                known = known.join(" UNION "),
                list = source.name,
            );
            let (mut shown, mut counts) = (Vec::new(), (0, 0));
            for batch in self.ask(&statement, &granted).await?.collect().await? {
                let number = |at: usize| batch.column(at).as_any().downcast_ref::<Int64Array>().map(|all| all.value(0));
                counts = (number(0).unwrap_or(0), number(1).unwrap_or(0));
                let texts = arrow::compute::cast(batch.column(2), &arrow::datatypes::DataType::Utf8);
                let texts = texts.map(|texts| texts.as_string::<i32>().iter().flatten().map(str::to_owned).collect());
                shown.extend(texts.unwrap_or_else(|_| Vec::new()));
            }
            if counts.0 > 0 {
                let column = name.clone();
                unknown.push(Unknown { column, count: counts.0, shown, nobody_known: counts.1 == 0 });
            }
        }
        Ok(unknown)
    }
}
