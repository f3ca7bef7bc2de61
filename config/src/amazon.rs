//! Where Amazon is: its own addresses, its sandbox, or a simulator.

use sellerlake_contracts::{Error, Kind, Result};
use serde::Deserialize;
use url::Url;

/// Whose time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// The machine's.
    #[default]
    System,
    /// The simulator's, which moves on when somebody would wait.
    Stepped,
}

/// Where Amazon's APIs are, and whose time it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AmazonSettings {
    endpoint: String,
    /// Whether to ask the sandbox.
    pub sandbox: bool,
    /// Whose time it is.
    pub clock: ClockKind,
    /// How far back a sync reaches, in days; 0: as far as Amazon answers.
    pub history_days: u32,
}

impl Default for AmazonSettings {
    fn default() -> Self {
        Self { endpoint: String::new(), sandbox: false, clock: ClockKind::System, history_days: 90 }
    }
}

impl AmazonSettings {
    /// A simulator at this address, which keeps the time.
    pub fn simulated(url: &str) -> Self {
        Self { endpoint: url.trim_end_matches('/').to_owned(), clock: ClockKind::Stepped, ..Self::default() }
    }

    /// The one address everything is below, where it isn't Amazon's own.
    pub fn endpoint(&self) -> Option<&str> {
        Some(self.endpoint.as_str()).filter(|url| !url.is_empty())
    }

    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |key: &str, problem: &str| Error::permanent(Kind::Usage, format!("amazon.{key}: {problem}"));
        if let Some(address) = self.endpoint() {
            let fits = address.parse::<Url>().is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !fits {
                return Err(wrong("endpoint", &format!("{address:?} is not an address"))
                    .hint("write http://host:port, as `sellerlake simulate` prints it"));
            }
            if self.sandbox {
                return Err(wrong("sandbox", "the sandbox is Amazon's own, but amazon.endpoint names another address"));
            }
        } else if self.clock == ClockKind::Stepped {
            return Err(wrong("clock", "only a simulator can move the time")
                .hint("set amazon.endpoint to the simulator's address, or write clock = \"system\""));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one() {
        let amazon = AmazonSettings::simulated("http://127.0.0.1:8080/");
        assert_eq!(amazon.endpoint(), Some("http://127.0.0.1:8080"));
        amazon.check().unwrap();
        let amazon = AmazonSettings { endpoint: "amazon.com".into(), ..AmazonSettings::default() };
        assert!(amazon.check().unwrap_err().to_string().contains("amazon.endpoint"));
    }

    #[test]
    fn time_is_not_moved_without_a_simulator() {
        let amazon = AmazonSettings { clock: ClockKind::Stepped, ..AmazonSettings::default() };
        assert!(amazon.check().is_err());
    }
}
