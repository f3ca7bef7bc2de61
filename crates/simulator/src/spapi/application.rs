//! Application Management 2023-11-30: rotation of the client secret (amazon.md: Client secrets).

use crate::server::{Amazon, Answer, Call, Operation, Reply};
use crate::signin::ROTATION;

/// The operations, with their quotas (amazon.md: Default rates).
pub const OPERATIONS: &[Operation] =
    &[Operation::post("application.rotateApplicationClientSecret", "/applications/2023-11-30/clientSecret", rotate)
        .rate(0.0167, 1)
        .grantless(ROTATION)];

/// The answer is empty: the new secret comes by notification alone.
#[expect(clippy::unnecessary_wraps, reason = "all handlers are of one type")]
fn rotate(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let (secret, end, old_end) = amazon.sign_in.rotate(call.now());
    amazon.notifications.secret_rotated(&call.caller.client_id, &secret, end, old_end, call.now());
    Ok(Answer::empty(204))
}
