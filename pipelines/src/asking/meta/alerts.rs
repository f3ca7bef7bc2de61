//! `meta.alerts`: what is wrong, and what was.

use sellerlake_state::Alert;

use super::declared::{TableOf, at_once, instant, text};

pub(super) static TABLE: TableOf<Alert> = TableOf {
    name: "alerts",
    doc: "What is wrong and fires until it is mended, and what was wrong before.",
    columns: &[
        text("state", "firing or resolved.", |alert| Some(alert.state.to_string())),
        text(
            "severity",
            "warning: numbers are right, but somebody should know. error: something is missing.",
            |alert| Some(alert.condition.kind.severity().to_string()),
        ),
        text("kind", "account, slice, load, held_back, drift, marketplace, stage, check or left_out.", |alert| {
            Some(alert.condition.kind.to_string())
        }),
        text("seller_id", "Whom it concerns.", |alert| Some(alert.condition.seller.to_string())),
        text("account", "The account, where it concerns only one.", |alert| {
            alert.condition.account.as_ref().map(ToString::to_string)
        }),
        text("subject", "What it is about.", |alert| Some(alert.subject.clone())),
        text("message", "What happened and what to do.", |alert| Some(alert.message.clone())),
        instant("first_at", "When it was first raised since it was last resolved.", |alert| Some(alert.first_at)),
        instant("last_at", "When it was last raised.", |alert| Some(alert.last_at)),
        instant("resolved_at", "When it was resolved.", |alert| alert.resolved_at),
    ],
    read: |sight, seller| at_once(async move { sight.shared.state.alerts(seller.as_ref()).await }),
};
