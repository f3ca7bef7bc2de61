//! What a request says, read with a complaint where it doesn't.

use sellerlake_contracts::{Error, Kind, MarketplaceId, Request, Result, Window};

/// A parameter's text, if it is there and not empty.
pub(crate) fn optional<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.parameters.get(name).map(String::as_str).filter(|text| !text.is_empty())
}

/// A parameter's text. [`Kind::Usage`] without it.
pub(crate) fn required<'a>(request: &'a Request, name: &'static str) -> Result<&'a str> {
    optional(request, name).ok_or_else(|| lacking(request, format!("the request needs the parameter {name:?}")))
}

/// A parameter that is a comma-separated list.
pub(crate) fn list<'a>(request: &'a Request, name: &str, otherwise: &'a str) -> impl Iterator<Item = &'a str> {
    let text = optional(request, name).unwrap_or(otherwise);
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// The one marketplace it names.
pub(crate) fn marketplace(request: &Request) -> Result<&MarketplaceId> {
    match request.marketplaces.as_slice() {
        [only] => Ok(only),
        found => Err(lacking(request, format!("the request needs one marketplace and names {}", found.len()))),
    }
}

/// Its marketplaces as Amazon writes them.
pub(crate) fn marketplaces(request: &Request) -> impl Iterator<Item = &str> {
    request.marketplaces.iter().map(MarketplaceId::as_str)
}

/// Its window.
pub(crate) fn window(request: &Request) -> Result<Window> {
    request.window.ok_or_else(|| lacking(request, "the request needs a window".to_owned()))
}

/// A complaint about a request.
pub(crate) fn lacking(request: &Request, message: String) -> Error {
    Error::permanent(Kind::Usage, message)
        .at("connectors.request")
        .with("pipeline", &request.pipeline)
        .with("account", &request.account)
}
