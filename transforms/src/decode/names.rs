//! What texts in lists kept by hand name: spellings put right, strangers told apart.

use std::borrow::Cow;
use std::sync::Arc;

use sellerlake_schemas::{Column, Knowledge, Named, Source};

/// What one column's texts name.
#[derive(Debug, Clone)]
pub struct Names {
    named: Named,
    knowledge: Arc<Knowledge>,
}

impl Names {
    /// For a column whose texts are to be put right; `None` elsewhere.
    pub fn of(source: &Source, column: &Column) -> Option<Self> {
        let named = column.names.filter(|_| source.by_hand)?;
        Some(Self { named, knowledge: Arc::clone(&source.knowledge) })
    }

    /// The marketplace's id, the currency's code; verbatim where nobody knows either.
    pub fn put_right<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.named {
            Named::Marketplace | Named::Warehouse => match self.knowledge.place(text) {
                Some(place) if place.id != text => Cow::Owned(place.id.clone()),
                _ => Cow::Borrowed(text),
            },
            Named::Seller => Cow::Borrowed(text),
            Named::Currency => {
                let upper = text.to_ascii_uppercase();
                if upper != text && self.knowledge.is_currency(&upper) {
                    Cow::Owned(upper)
                } else {
                    Cow::Borrowed(text)
                }
            }
        }
    }

    /// Whether nobody knows a text that was put right.
    pub fn is_strange(&self, text: &str) -> bool {
        match self.named {
            Named::Marketplace | Named::Warehouse => self.knowledge.place(text).is_none(),
            Named::Seller => false,
            Named::Currency => !self.knowledge.is_currency(text),
        }
    }
}
