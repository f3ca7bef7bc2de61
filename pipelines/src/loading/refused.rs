//! Deliveries that were refused: an alert says so until what they should have brought comes otherwise.

use sellerlake_contracts::{Delivery, DeliveryId, Result};
use sellerlake_schemas::Unit;
use sellerlake_state::{AlertKind, DeliveryStatus};

use crate::loading::Loading;
use crate::loading::loaded::{Loaded, not_loaded, source_folder};

impl Loading {
    /// Raises the alert of a delivery that is refused. One that isn't has none, and clears those of refused ones whose
    /// place it takes.
    pub(crate) async fn tell_refused(&self, loaded: &Loaded) -> Result<()> {
        let Loaded { delivery, outcome, .. } = loaded;
        let (seller, id) = (&delivery.seller, &delivery.id);
        if let Some(reason) = &outcome.refused {
            let origin = delivery.origin.as_deref().map_or_else(String::new, |origin| format!(" ({origin})"));
            let message = format!(
                "delivery {id}{origin} is refused: {reason}: hand in what is right under the same name, or \
                 `sellerlake withdraw {id}` if it should never have come"
            );
            let subject = source_folder(&delivery.source, seller);
            let now = self.shared.clock.now();
            return self.shared.state.raise_alert(&not_loaded(seller, id), &subject, &message, now).await;
        }
        self.shared.resolve(&not_loaded(seller, id)).await?;
        for condition in self.shared.state.firing(AlertKind::Load, seller).await? {
            let Ok(earlier) = DeliveryId::try_from(condition.about.clone()) else { continue };
            let Some(record) = self.shared.state.delivery(&earlier).await? else { continue };
            if record.status != DeliveryStatus::Refused {
                continue;
            }
            let Some(refused) = self.shared.lake.delivery(&record.meta_path).await? else { continue };
            if self.takes_the_place(delivery, &refused)? {
                self.shared.resolve(&condition).await?;
            }
        }
        Ok(())
    }

    /// Whether a delivery is what a refused one should have been: the same bytes understood otherwise, the same name, or
    /// the answer to the same question.
    fn takes_the_place(&self, delivery: &Delivery, refused: &Delivery) -> Result<bool> {
        if delivery.sha256 == refused.sha256 {
            return Ok(true);
        }
        if delivery.source != refused.source {
            return Ok(false);
        }
        let is_same_name = delivery.origin.is_some() && delivery.origin == refused.origin;
        let of_whole_lists = self.source(&delivery.source)?.unit == Unit::AsOfDay && delivery.as_of >= refused.as_of;
        let is_same_question = delivery.scope == refused.scope
            && delivery.marketplace == refused.marketplace
            && delivery.window == refused.window
            && (delivery.window.is_some() || of_whole_lists);
        Ok(is_same_name || is_same_question)
    }
}
