//! What a pull says, read with a complaint where it doesn't.

use sellerlake_contracts::{Error, Kind, MarketplaceId, Pull, Result, Window};

/// A parameter's text, if it is there and not empty.
pub(crate) fn optional<'a>(pull: &'a Pull, name: &str) -> Option<&'a str> {
    pull.parameters.get(name).map(String::as_str).filter(|text| !text.is_empty())
}

/// A parameter's text. [`Kind::Usage`] without it.
pub(crate) fn required<'a>(pull: &'a Pull, name: &'static str) -> Result<&'a str> {
    optional(pull, name).ok_or_else(|| lacking(pull, format!("the request needs the parameter {name:?}")))
}

/// A parameter that is a comma-separated list.
pub(crate) fn list<'a>(pull: &'a Pull, name: &str, otherwise: &'a str) -> impl Iterator<Item = &'a str> {
    let text = optional(pull, name).unwrap_or(otherwise);
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// The one marketplace it names.
pub(crate) fn marketplace(pull: &Pull) -> Result<&MarketplaceId> {
    match pull.marketplaces.as_slice() {
        [only] => Ok(only),
        found => Err(lacking(pull, format!("the request needs one marketplace and names {}", found.len()))),
    }
}

/// Its marketplaces as Amazon writes them.
pub(crate) fn marketplaces(pull: &Pull) -> impl Iterator<Item = &str> {
    pull.marketplaces.iter().map(MarketplaceId::as_str)
}

/// Its window.
pub(crate) fn window(pull: &Pull) -> Result<Window> {
    pull.window.ok_or_else(|| lacking(pull, "the request needs a window".to_owned()))
}

/// A complaint about a pull.
pub(crate) fn lacking(pull: &Pull, message: String) -> Error {
    Error::permanent(Kind::Usage, message)
        .at("connectors.request")
        .with("pipeline", &pull.pipeline)
        .with("account", &pull.account)
}
