//! Where rows say they are from, against what was asked for. A file that names another place than its request is another
//! request's: under the wrong name it would count beside the right one.

use std::sync::Arc;

use sellerlake_contracts::{AccountId, MarketplaceId, Region};
use sellerlake_schemas::{ColumnType, Knowledge, Named, Place, Source};

use super::DecodeRequest;
use super::cell::Value;

/// What rows can contradict.
pub struct PlacesPlan {
    knowledge: Arc<Knowledge>,
    /// Columns that name something, and the level on which they can differ.
    columns: Vec<(usize, Level)>,
    marketplace: Option<Place>,
    region: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Marketplace,
    Region,
    Currency,
}

impl PlacesPlan {
    /// The plan for a request. Lists kept by hand name places of their own.
    pub fn new(request: &DecodeRequest<'_>) -> Self {
        let (source, delivery) = (request.source, request.delivery);
        let known = &source.knowledge;
        let scope = delivery.scope.0.as_str();
        let is_id = |id: &str| known.places.iter().find(|place| place.id == id).cloned();
        let marketplace = match &delivery.marketplace {
            Some(marketplace) => is_id(marketplace.as_str()),
            None => is_id(scope),
        };
        let of_scope = || {
            let account = scope.parse::<AccountId>().map(|account| account.region);
            let region = scope.parse::<Region>().or(account).ok()?;
            Some(region.as_str().to_uppercase())
        };
        let region = marketplace.as_ref().map(|place| place.region.clone()).or_else(of_scope);
        let is_of_one = matches!(source.scope.as_str(), "marketplace" | "profile") && marketplace.is_some();
        let level = |named| match named {
            Named::Marketplace if is_of_one => Some(Level::Marketplace),
            Named::Currency if is_of_one => Some(Level::Currency),
            Named::Marketplace | Named::Warehouse if region.is_some() => Some(Level::Region),
            _ => None,
        };
        let columns = source.columns.values().enumerate().filter(|_| !source.by_hand);
        let columns = columns.filter_map(|(index, column)| Some((index, column.names.and_then(level)?))).collect();
        Self { knowledge: Arc::clone(known), columns, marketplace, region }
    }

    /// Whether a text names something else than what was asked for; what nobody knows names nothing.
    fn contradicts(&self, level: Level, text: &str) -> bool {
        let (Some(place), asked) = (self.knowledge.place(text), self.marketplace.as_ref()) else {
            let others = self.knowledge.places.iter().any(|place| place.currency == text);
            return level == Level::Currency
                && others
                && self.marketplace.as_ref().is_some_and(|place| place.currency != text);
        };
        match level {
            Level::Marketplace => asked.is_some_and(|asked| asked.id != place.id),
            Level::Region => self.region.as_ref().is_some_and(|region| *region != place.region),
            Level::Currency => false,
        }
    }
}

/// The first contradiction, and how many rows have one.
#[derive(Default)]
pub struct Places {
    rows: u64,
    first: Option<(usize, String)>,
}

impl Places {
    /// Looks at a row.
    pub fn see(&mut self, plan: &PlacesPlan, source: &Source, values: &[Value<'_>]) {
        let other = plan.columns.iter().find_map(|(column, level)| {
            let Value::Text(text) = &values[*column] else { return None };
            let is_list = source.columns[*column].column_type == ColumnType::Json;
            let listed = is_list.then(|| serde_json::from_str::<Vec<String>>(text).ok()).flatten();
            let is_other = match &listed {
                Some(texts) => !texts.is_empty() && texts.iter().all(|text| plan.contradicts(*level, text)),
                None => plan.contradicts(*level, text),
            };
            is_other.then(|| (*column, listed.map_or_else(|| text.to_string(), |texts| texts.join(", "))))
        });
        if let Some(other) = other {
            self.rows += 1;
            self.first.get_or_insert(other);
        }
    }

    /// Adds those of a later stretch of the document.
    pub fn merge(&mut self, later: Self) {
        self.rows += later.rows;
        self.first = self.first.take().or(later.first);
    }

    /// Why the document can't be the answer to its request.
    pub fn elsewhere(&self, plan: &PlacesPlan, request: &DecodeRequest<'_>) -> Option<String> {
        let (column, text) = self.first.as_ref()?;
        let name = request.source.columns.get_index(*column).map(|(name, _)| name.as_str()).unwrap_or_default();
        let asked = match &request.delivery.marketplace {
            Some(marketplace) => plan.name(marketplace),
            None => request.delivery.scope.to_string(),
        };
        let rows = if self.rows == 1 { "1 row isn't".to_owned() } else { format!("{} rows aren't", self.rows) };
        let right = match plan.knowledge.place(text) {
            Some(place) if request.source.scope == "region" => format!("--scope {}", place.region),
            Some(place) => format!("--marketplace {}", place.country),
            None => "the marketplace the file was made for: --marketplace".to_owned(),
        };
        Some(format!("{rows} of {asked}, which was asked for: {name} is {text:?}; say {right}"))
    }
}

impl PlacesPlan {
    fn name(&self, marketplace: &MarketplaceId) -> String {
        let known = self.marketplace.as_ref().filter(|place| place.id == marketplace.as_str());
        known.map_or_else(|| marketplace.to_string(), |place| place.country.clone())
    }
}
