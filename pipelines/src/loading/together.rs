//! Loading deliveries together, and each alone where one of them is at fault.

use sellerlake_contracts::{Delivery, DeliveryId, Error, Kind, Result};

use crate::loading::Loading;
use crate::loading::loaded::{Group, LoadOptions, not_loaded, source_folder};

/// What came of deliveries that were to be loaded together.
#[derive(Debug, Default)]
pub(crate) struct Together {
    /// What was loaded: all of it at once, or one by one.
    pub(crate) groups: Vec<Group>,
    /// Deliveries that can't be loaded, and why; an alert stands for each until it is.
    pub(crate) left: Vec<(DeliveryId, String)>,
    /// What is no delivery's fault, a full disk or somebody else at work: those that are neither loaded nor left are to
    /// be loaded once it has passed.
    pub(crate) stopped: Option<Error>,
}

impl Loading {
    /// Loads deliveries of one source and seller.
    pub(crate) async fn load_together(&self, source: &str, deliveries: Vec<Delivery>) -> Result<Together> {
        let mut together = Together::default();
        let options = LoadOptions::default();
        let error = match self.load(source, deliveries.clone(), &options).await {
            Ok(group) => {
                together.groups.push(group);
                return Ok(together);
            }
            Err(error) => error,
        };
        if is_nobodys(&error) {
            together.stopped = Some(error);
            return Ok(together);
        }
        if let [only] = deliveries.as_slice() {
            together.left.push(self.leave(only, &error).await?);
            return Ok(together);
        }
        for delivery in deliveries {
            match self.load(source, vec![delivery.clone()], &options).await {
                Ok(group) => together.groups.push(group),
                Err(error) if is_nobodys(&error) => {
                    together.stopped = Some(error);
                    return Ok(together);
                }
                Err(error) => together.left.push(self.leave(&delivery, &error).await?),
            }
        }
        Ok(together)
    }

    /// Leaves a delivery that can't be loaded, with an alert that stands until it is.
    pub(crate) async fn leave(&self, delivery: &Delivery, error: &Error) -> Result<(DeliveryId, String)> {
        let id = delivery.id.clone();
        let reason = format!("delivery {id} can't be loaded: {error:#}");
        let subject = source_folder(&delivery.source, &delivery.seller);
        let condition = not_loaded(&delivery.seller, &id);
        self.shared.state.raise_alert(&condition, &subject, &reason, self.shared.clock.now()).await?;
        Ok((id, reason))
    }
}

/// Whether an error is the store's, or comes of whoever writes there too.
fn is_nobodys(error: &Error) -> bool {
    matches!(error.kind(), Kind::Storage | Kind::Timeout | Kind::Conflict)
}
