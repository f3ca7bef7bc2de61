//! Whose rows a document says it has. One that names another seller than was asked for isn't the answer.

use sellerlake_schemas::{Named, Source};

use super::DecodeRequest;
use super::cell::Value;

/// The columns that name the seller, and who that must be.
pub struct WhosePlan {
    columns: Vec<usize>,
    seller: String,
}

impl WhosePlan {
    /// The plan for a request.
    pub fn new(request: &DecodeRequest<'_>) -> Self {
        let columns = request.source.columns.values().enumerate();
        let columns = columns.filter(|(_, column)| column.names == Some(Named::Seller)).map(|(index, _)| index);
        Self { columns: columns.collect(), seller: request.delivery.seller.to_string() }
    }

    /// The sentence that refuses the document, if a row names somebody else.
    pub fn objection(&self, source: &Source, values: &[Value<'_>]) -> Option<String> {
        self.columns.iter().find_map(|column| match &values[*column] {
            Value::Text(text) if **text != *self.seller => Some(format!(
                "its {} is {text:?}, and {} was asked for; say --seller {text} if it is that seller's",
                source.columns[*column].name, self.seller
            )),
            _ => None,
        })
    }
}
