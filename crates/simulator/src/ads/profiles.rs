//! `GET /v2/profiles` (amazon.md: Ads sign-in and profiles).

use serde_json::{Number, Value, json};

use crate::server::{Amazon, Answer, Call, Operation, Reply};

/// The operation.
pub const OPERATIONS: &[Operation] = &[Operation::get("ads.listProfiles", "/v2/profiles", list).rate(1.0, 10)];

#[expect(clippy::unnecessary_wraps, reason = "all handlers are of one type")]
fn list(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let seller = amazon.world.seller(call.seller());
    let kinds = call.query().list("profileTypeFilter");
    let shown = |profile: &crate::world::AdsProfile| {
        let market = profile.market;
        json!({
            // Larger than a float holds: to be read as an integer or text.
            "profileId": profile.id.parse::<Number>().map_or(Value::Null, Value::Number),
            "countryCode": market.country,
            "currencyCode": market.currency,
            "timezone": market.zone.name(),
            "accountInfo": {
                "marketplaceStringId": market.id,
                "id": call.seller(),
                "type": "seller",
                "name": seller.map(|seller| seller.name.as_str()),
                "validPaymentMethod": true,
            },
        })
    };
    let wanted = kinds.is_empty() || kinds.iter().any(|kind| kind == "seller");
    let profiles = amazon.world.ads_profiles(call.seller()).iter().filter(|_| wanted);
    Ok(Answer::json(200, &Value::from(profiles.map(shown).collect::<Vec<_>>())))
}
