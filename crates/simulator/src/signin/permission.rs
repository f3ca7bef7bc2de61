//! Whether a token opens an operation of the Selling Partner API (amazon.md: Roles; Calls without a seller).

use super::{Caller, Subject};
use crate::server::call::Request;
use crate::server::{Amazon, Answer, Grant, Operation};

const MALFORMED: &str = "The access token you provided is revoked, malformed or invalid.";
const EXPIRED: &str = "The access token you provided has expired.";
const ELSEWHERE: &str = "The access token you provided does not have access to the requested resource.";

/// The caller behind a request for `operation` at the endpoint of `region`, or 403.
pub fn admit(amazon: &Amazon, operation: &Operation, region: &str, request: &Request) -> Result<Caller, Answer> {
    let Some(token) = request.header("x-amz-access-token") else {
        return Err(Answer::refuse(403, "MissingAuthenticationToken", "Missing Authentication Token", ""));
    };
    let access = amazon.sign_in.access(token, request.now).ok_or_else(|| Answer::unauthorized(MALFORMED))?;
    if request.now >= access.expires {
        return Err(Answer::unauthorized(EXPIRED));
    }
    let opens = match (&access.subject, operation.grant) {
        (Subject::Seller, Grant::Seller) => amazon.region_of(&access.seller) == Some(region),
        (Subject::Restricted(resources), Grant::Seller) => {
            amazon.region_of(&access.seller) == Some(region)
                && resources.iter().any(|resource| covers(resource, operation, request))
        }
        (Subject::Scope(scope), Grant::Application(wanted)) => scope == wanted,
        _ => false,
    };
    if !opens || amazon.withholds(operation.role) {
        return Err(Answer::unauthorized(ELSEWHERE));
    }
    Ok(Caller { seller: access.seller, client_id: access.client_id, subject: access.subject })
}

/// Whether a restricted resource is this request: the path itself, or its template.
fn covers((method, path): &(String, String), operation: &Operation, request: &Request) -> bool {
    *method == request.method && (*path == request.path || path == operation.path)
}
