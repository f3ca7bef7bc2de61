//! Sellers v1 (amazon.md: Marketplaces).

use serde_json::json;

use super::{found, under};
use crate::answers::participations;
use crate::server::{Amazon, Call, Operation, Reply};

/// The operations, with their quotas (amazon.md: Default rates).
pub const OPERATIONS: &[Operation] = &[
    Operation::get("sellers.getMarketplaceParticipations", "/sellers/v1/marketplaceParticipations", list)
        .rate(0.016, 15),
    Operation::get("sellers.getAccount", "/sellers/v1/account", account).rate(0.016, 15),
];

fn list(amazon: &Amazon, call: &Call<'_>) -> Reply {
    found(&under("payload", participations(&amazon.world, call.seller())))
}

fn account(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let stores = participations(&amazon.world, call.seller());
    let plan = json!({
        "marketplaceParticipationList": stores, "businessType": "PRIVATE_LIMITED", "sellingPlan": "PROFESSIONAL",
    });
    found(&json!({ "payload": plan }))
}
