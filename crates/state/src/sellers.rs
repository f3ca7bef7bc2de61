//! Whom there is anything of.

use sellerlake_contracts::{Result, SellerId};

use crate::State;
use crate::statement::sql;

const KNOWS: &str = "SELECT seller FROM catalogues WHERE seller = $1 AND entries > 0
     UNION ALL SELECT seller FROM deliveries WHERE seller = $1
     UNION ALL SELECT seller FROM accounts WHERE seller = $1 LIMIT 1";

impl State {
    /// Whether there is anything of a seller: an object, a delivery, an account.
    pub async fn knows_seller(&self, seller: &SellerId) -> Result<bool> {
        Ok(sql("seller.known", KNOWS).bind(seller.as_str()).first(self.reader()).await?.is_some())
    }
}
