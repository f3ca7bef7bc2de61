//! Everything a client needs to sign in as a seller.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Application, SignIn};
use crate::server::chance;
use crate::world::World;

pub(super) const TOKEN_LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Client secrets live so long (amazon.md: Client secrets).
pub const SECRET_LIFETIME: TimeDelta = TimeDelta::days(180);

/// One seller's credentials for the Selling Partner API and, if it advertises, the Ads API.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// `na`, `eu` or `fe`.
    pub region: &'static str,
    /// The selling partner id.
    pub seller_id: String,
    /// The id that stands in consent addresses; never the client id.
    pub application_id: String,
    /// LWA client id of the Selling Partner application.
    pub client_id: String,
    /// Its secret at the start; rotation replaces it.
    pub client_secret: String,
    /// The seller's grant for the Selling Partner API.
    pub refresh_token: String,
    /// Base address of the region's Selling Partner API.
    pub endpoint: String,
    /// Address of the token endpoint.
    pub token_url: String,
    /// Marketplaces the seller sells in.
    pub marketplaces: Vec<AccountMarketplace>,
    /// The grant for the Ads API, if the seller advertises.
    pub ads: Option<AdsAccount>,
}

/// A marketplace of an account.
#[derive(Clone, Debug, Serialize)]
pub struct AccountMarketplace {
    /// Amazon's id, such as `ATVPDKIKX0DER`.
    pub id: String,
    /// Amazon's country code, such as `US` or `UK`.
    pub country: String,
}

/// Credentials for the Ads API: another application, another grant.
#[derive(Clone, Debug, Serialize)]
pub struct AdsAccount {
    /// LWA client id of the Ads application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The seller's grant for the Ads API.
    pub refresh_token: String,
    /// Base address of the region's Ads API.
    pub endpoint: String,
    /// Profile ids, one per marketplace.
    pub profiles: Vec<String>,
}

/// The applications the simulator starts with: the Selling Partner one, then the Ads one.
pub fn applications(seed: u64, start: DateTime<Utc>) -> [Application; 2] {
    ["sp", "ads"].map(|api| Application {
        client_id: format!("amzn1.application-oa2-client.{}", chance::hex(seed, &["client", api], 32)),
        secrets: vec![(secret(seed, api, 0), start + SECRET_LIFETIME)],
        is_ads: api == "ads",
    })
}

/// The secret of an application after so many rotations.
pub fn secret(seed: u64, api: &str, rotation: usize) -> String {
    format!("amzn1.oa2-cs.v1.{}", chance::hex(seed, &["secret", api, &rotation.to_string()], 64))
}

/// The grant of a seller for one API; it doesn't change when it is used.
pub fn refresh_token(seed: u64, api: &str, seller: &str) -> String {
    format!("Atzr|{}", chance::letters(seed, &["refresh", api, seller], TOKEN_LETTERS, 200))
}

/// The accounts of all sellers of the world, for a simulator at `url`.
pub fn accounts(world: &World, seed: u64, sign_in: &SignIn, url: &str) -> Vec<Account> {
    let [selling, advertising] = sign_in.applications();
    let account = |seller: &crate::world::Seller| {
        let region = seller.region.code();
        let marketplaces = seller.marketplaces.iter().map(|marketplace| AccountMarketplace {
            id: marketplace.id.to_owned(),
            country: marketplace.country.to_owned(),
        });
        let profiles: Vec<String> = world.ads_profiles(&seller.id).iter().map(|profile| profile.id.clone()).collect();
        Account {
            region,
            seller_id: seller.id.clone(),
            application_id: format!("amzn1.sp.solution.{}", chance::uuid(seed, &["application"])),
            client_id: selling.client_id.clone(),
            client_secret: selling.newest_secret(),
            refresh_token: refresh_token(seed, "sp", &seller.id),
            endpoint: format!("{url}/{region}"),
            token_url: format!("{url}/auth/o2/token"),
            marketplaces: marketplaces.collect(),
            ads: (!profiles.is_empty()).then(|| AdsAccount {
                client_id: advertising.client_id.clone(),
                client_secret: advertising.newest_secret(),
                refresh_token: refresh_token(seed, "ads", &seller.id),
                endpoint: format!("{url}/ads-{region}"),
                profiles,
            }),
        }
    };
    world.sellers().iter().map(account).collect()
}
