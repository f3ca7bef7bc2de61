//! Who we are and who let us in.

use sellerlake_contracts::Secret;

/// The applications registered with Login with Amazon: one for the Selling Partner API, one for the Ads API, which in
/// general need separate ones (amazon.md: Ads sign-in and profiles).
#[derive(Debug, Clone)]
pub struct Application {
    /// LWA client id (`amzn1.application-oa2-client.…`), not the application id of consent addresses.
    pub client_id: String,
    /// Its secret, which ends after 180 days (amazon.md: Client secrets).
    pub client_secret: Secret,
    /// LWA client id of the Ads application; empty if there is none.
    pub ads_client_id: String,
    /// Its secret.
    pub ads_client_secret: Secret,
}

/// What one selling partner granted in one region.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Refresh token for the Selling Partner API.
    pub refresh_token: Secret,
    /// Refresh token for the Ads API, if the account advertises.
    pub ads_refresh_token: Option<Secret>,
}
