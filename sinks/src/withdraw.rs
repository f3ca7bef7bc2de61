//! Taking a landed delivery back out of `raw/`.

use object_store::ObjectStoreExt;
use sellerlake_contracts::{Delivery, Result, failpoint};

use crate::Lake;
use crate::failure;
use crate::raw::location;
use crate::rejects;

const OPERATION: &str = "raw.withdraw";

impl Lake {
    /// Removes a delivery: its metadata first, without which it isn't landed, then its bytes and what was rejected of it.
    /// Doing it again, or going on where it was cut short, is the same as doing it once.
    pub async fn withdraw(&self, delivery: &Delivery) -> Result<()> {
        for path in [delivery.meta_path(), delivery.data_path(), rejects::path(delivery)] {
            match self.store().delete(&location(&path)?).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failure::store(OPERATION, path, error)),
            }
            failpoint::reach("raw.withdrawn")?;
        }
        Ok(())
    }
}
