//! Where the state is kept: a file for SQLite, a server for PostgreSQL.

use std::path::PathBuf;
use std::str::FromStr;

use sellerlake_contracts::{Error, Kind, Result};
use sqlx::postgres::PgConnectOptions;

/// An address, understood. Has no `Debug`: the options hold a password.
pub(crate) enum Address {
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

impl Address {
    /// `sqlite:///folder/state.db`, the path of a file, or `postgres://user:password@host:port/database`.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let path = match url.split_once("://") {
            None if !url.starts_with("sqlite:") => url,
            Some(("sqlite", path)) => path,
            Some(("postgres" | "postgresql", _)) => return postgres(url),
            _ => return Err(refused("the state can't be kept at this kind of address", url)),
        };
        if path.is_empty() || path.starts_with(':') || path.contains('?') {
            return Err(refused("the address names no file to keep the state in", url));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }

    /// The address as it may be shown: without user and password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(options) => {
                let host = match options.get_socket() {
                    Some(socket) => socket.display().to_string(),
                    None => format!("{}:{}", options.get_host(), options.get_port()),
                };
                format!("postgres://{host}/{}", options.get_database().unwrap_or_default())
            }
        }
    }
}

fn postgres(url: &str) -> Result<Address> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| refused("the address of the PostgreSQL server can't be read", url).source(error))?;
    Ok(Address::Postgres(Box::new(options.application_name("sellerlake"))))
}

fn refused(message: &str, url: &str) -> Error {
    // Whatever stands behind `://` may be a password.
    let shown = match url.split_once("://") {
        Some((scheme, _)) if scheme != "sqlite" => format!("{scheme}://..."),
        _ => url.to_owned(),
    };
    Error::permanent(Kind::Usage, message)
        .at("state.open")
        .with("url", shown)
        .hint("write sqlite:///folder/state.db, the path of a file, or postgres://user:password@host/database")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let address = Address::parse("postgres://ann:geheim@db.example:6432/lake").unwrap();
        assert_eq!(address.shown(), "postgres://db.example:6432/lake");
        for url in ["mysql://ann:geheim@host/x", "postgres://ann:geheim@host:port/x"] {
            let error = Address::parse(url).err().unwrap();
            assert_eq!(error.kind(), Kind::Usage);
            assert!(!format!("{error:?}").contains("geheim"), "{error:?}");
        }
    }
}
