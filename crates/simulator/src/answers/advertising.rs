//! Campaigns of an advertising profile, in each API's own shape.

use serde_json::{Value, json};

use crate::world::{AdProduct, AdsProfile, Campaign, World, json_amount};

/// The profile's campaigns of a kind, by id.
pub fn ads_campaigns(world: &World, profile_id: &str, product: AdProduct) -> Vec<Value> {
    let Some((seller, place)) = world.ads_profile(profile_id) else { return Vec::new() };
    let profile = &seller.ads_profiles[place];
    let campaigns = seller.campaigns.iter().filter(|campaign| campaign.profile == place && campaign.product == product);
    campaigns.map(|campaign| shown(profile, campaign)).collect()
}

fn shown(profile: &AdsProfile, campaign: &Campaign) -> Value {
    let budget = json_amount(campaign.budget, profile.market.digits);
    match campaign.product {
        AdProduct::Products => json!({
            "campaignId": campaign.id.to_string(),
            "name": campaign.name,
            "state": "ENABLED",
            "targetingType": "AUTO",
            "startDate": "2026-01-01",
            "budget": { "budget": budget, "budgetType": "DAILY" },
            "dynamicBidding": { "strategy": "LEGACY_FOR_SALES", "placementBidding": [] },
        }),
        AdProduct::Brands => json!({
            "campaignId": campaign.id.to_string(),
            "name": campaign.name,
            "state": "ENABLED",
            "startDate": "2026-01-01",
            "budget": budget,
            "budgetType": "DAILY",
            "costType": "CPC",
            "isMultiAdGroupsEnabled": true,
        }),
        AdProduct::Display => json!({
            "campaignId": campaign.id,
            "name": campaign.name,
            "state": "enabled",
            "tactic": "T00030",
            "startDate": "20260101",
            "budget": budget,
            "budgetType": "daily",
            "costType": "cpc",
            "deliveryProfile": "as_soon_as_possible",
        }),
    }
}
