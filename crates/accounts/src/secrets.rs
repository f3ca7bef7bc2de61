//! The secrets of the application and of the sellers who granted it access, and the vault that keeps them.

use std::collections::BTreeMap;

use sellerlake_config::Settings;
use sellerlake_contracts::{Result, Secret};
use sellerlake_state::{KeyFile, State, Vault, VaultKey};

/// Owner of the application's secrets in the vault, and its name in accounts.
pub const APPLICATION: &str = "default";

/// Names of secrets in the vault.
pub mod field {
    /// Client id of the application for the Selling Partner API.
    pub const CLIENT_ID: &str = "client_id";
    /// Its secret.
    pub const CLIENT_SECRET: &str = "client_secret";
    /// Client id of the application for Ads.
    pub const ADS_CLIENT_ID: &str = "ads_client_id";
    /// Its secret.
    pub const ADS_CLIENT_SECRET: &str = "ads_client_secret";
    /// A seller's grant.
    pub const REFRESH_TOKEN: &str = "refresh_token";
    /// A seller's grant for Ads.
    pub const ADS_REFRESH_TOKEN: &str = "ads_refresh_token";
}

/// Secrets by their names in the vault.
pub type Secrets = BTreeMap<&'static str, Secret>;

/// Whose secret this is: the account's, or else the application's.
pub(crate) fn owner<'a>(name: &str, account: &'a str) -> &'a str {
    if matches!(name, field::REFRESH_TOKEN | field::ADS_REFRESH_TOKEN) { account } else { APPLICATION }
}

/// Opens the vault with the key from the environment, or else with the key's file.
pub(crate) async fn vault(settings: &Settings, state: &State) -> Result<Vault> {
    match std::env::var("SELLERLAKE_KEY") {
        Ok(key) if !key.is_empty() => Vault::open(state, VaultKey::from_base64(&Secret::new(key))?).await,
        _ => Vault::open_with_file(state, KeyFile::at(&settings.key)).await,
    }
}
