//! What Amazon sends that nobody declared yet: kept, counted, and told as an alert.

use std::collections::BTreeMap;

use sellerlake_contracts::{MarketplaceId, Result, SellerId};
use sellerlake_schemas::nearest;
use sellerlake_state::{AlertKind, Condition};

use crate::declared::marketplaces::{Marketplace, marketplaces};
use crate::loading::Loading;
use crate::loading::loaded::{Loaded, source_folder};

/// Undeclared names that an alert lists.
const SHOWN: usize = 20;

impl Loading {
    /// What is strange about a marketplace id, as a sentence; `None` where the reference table has it. Unknown ids
    /// are legal: Amazon opens marketplaces (amazon.md: Marketplaces).
    pub fn doubt(&self, marketplace: &MarketplaceId) -> Option<String> {
        let known = marketplaces(&self.shared.declarations.schemas);
        let id = marketplace.as_str();
        if known.is_empty() || known.iter().any(|one| one.id == id) {
            return None;
        }
        let of_country = known.iter().find(|one| one.country.eq_ignore_ascii_case(id));
        let near = || {
            let near = nearest(id, known.iter().map(|one| one.id))?;
            known.iter().find(|one| one.id == near)
        };
        Some(match of_country.or_else(near) {
            Some(Marketplace { id: near, country, .. }) => {
                format!("{id:?} is no marketplace that is known; did you mean {near:?}, {country}?")
            }
            None => format!("{id:?} is no marketplace that is known: its rows are kept, their days are UTC's"),
        })
    }

    /// Tells what is new in a delivery that was loaded: undeclared columns, an unknown marketplace.
    pub(crate) async fn tell_novelties(&self, loaded: &Loaded) -> Result<()> {
        let Loaded { delivery, outcome, .. } = loaded;
        let subject = source_folder(&delivery.source, &delivery.seller);
        let told = [(&outcome.drift, "kept in _extra"), (&outcome.dropped, "dropped as personal")];
        let told: Vec<String> = told.into_iter().filter_map(|(columns, fate)| undeclared(columns, fate)).collect();
        if !told.is_empty() {
            let message = format!("{}; last in delivery {}", told.join("; "), delivery.id);
            let drift = drift(&delivery.source, &delivery.seller);
            self.shared.state.raise_alert(&drift, &subject, &message, self.shared.clock.now()).await?;
        }
        let Some(marketplace) = &delivery.marketplace else { return Ok(()) };
        let condition = unknown_marketplace(&delivery.seller, marketplace);
        match self.doubt(marketplace) {
            Some(doubt) => {
                let message = format!("{doubt}; {} has {} of its rows", delivery.id, outcome.rows);
                self.shared.state.raise_alert(&condition, &subject, &message, self.shared.clock.now()).await
            }
            None => self.shared.resolve(&condition).await,
        }
    }
}

/// That nobody knows a marketplace.
pub(crate) fn unknown_marketplace(seller: &SellerId, marketplace: &MarketplaceId) -> Condition {
    Condition::of_seller(AlertKind::Marketplace, seller, marketplace.as_str())
}

/// Counts and names of undeclared columns that share a fate; `None` where there are none.
fn undeclared(columns: &BTreeMap<String, u64>, fate: &str) -> Option<String> {
    let names: Vec<String> =
        columns.iter().take(SHOWN).map(|(name, cells)| format!("{name} ({cells} values)")).collect();
    (!names.is_empty()).then(|| format!("{} undeclared columns, {fate}: {}", columns.len(), names.join(", ")))
}

/// That a source has undeclared columns. It fires until everything is read again: what is in `_extra` stays there when
/// the column is declared later.
pub(crate) fn drift(source: &str, seller: &SellerId) -> Condition {
    Condition::of_seller(AlertKind::Drift, seller, source)
}
