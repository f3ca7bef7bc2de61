//! Where Amazon is.

use sellerlake_contracts::Region;

use crate::operation::Api;

/// Addresses of the APIs and of the sign-in, by region.
#[derive(Debug, Clone, Default)]
pub enum Endpoints {
    /// Amazon's own (amazon.md: Regions and hosts).
    #[default]
    Amazon,
    /// The Selling Partner API's sandbox; sign-in and Ads are Amazon's own (amazon.md: Sandbox).
    Sandbox,
    /// Everything below one address, as the simulator has it.
    Single(String),
    /// The sandbox of the one below one address.
    SingleSandbox(String),
}

impl Endpoints {
    /// Everything below `url`; a slash at its end doesn't matter.
    pub fn single(url: &str) -> Self {
        Self::Single(url.trim_end_matches('/').to_owned())
    }

    /// The sandbox that belongs to these.
    #[must_use]
    pub fn sandboxed(&self) -> Self {
        match self {
            Self::Amazon | Self::Sandbox => Self::Sandbox,
            Self::Single(url) | Self::SingleSandbox(url) => Self::SingleSandbox(url.clone()),
        }
    }

    /// The address an API's paths are appended to.
    pub(crate) fn base(&self, api: Api, region: Region) -> String {
        match (self, api) {
            (Self::Single(url), Api::Selling) => format!("{url}/{region}"),
            (Self::SingleSandbox(url), Api::Selling) => format!("{url}/sandbox-{region}"),
            (Self::Single(url) | Self::SingleSandbox(url), Api::Ads) => format!("{url}/ads-{region}"),
            (Self::Amazon, Api::Selling) => format!("https://sellingpartnerapi-{region}.amazon.com"),
            (Self::Sandbox, Api::Selling) => format!("https://sandbox.sellingpartnerapi-{region}.amazon.com"),
            (_, Api::Ads) => match region {
                Region::Na => "https://advertising-api.amazon.com".to_owned(),
                Region::Eu | Region::Fe => format!("https://advertising-api-{region}.amazon.com"),
            },
        }
    }

    /// The address that gives access tokens.
    pub(crate) fn sign_in(&self, api: Api, region: Region) -> String {
        let host = match (self, api, region) {
            (Self::Single(url) | Self::SingleSandbox(url), _, _) => url,
            (_, Api::Ads, Region::Eu) => "https://api.amazon.co.uk",
            (_, Api::Ads, Region::Fe) => "https://api.amazon.co.jp",
            _ => "https://api.amazon.com",
        };
        format!("{host}/auth/o2/token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_hosts_are_not_confused() {
        let amazon = Endpoints::Amazon;
        assert_eq!(amazon.base(Api::Selling, Region::Fe), "https://sellingpartnerapi-fe.amazon.com");
        assert_eq!(amazon.base(Api::Ads, Region::Na), "https://advertising-api.amazon.com");
        assert_eq!(amazon.sign_in(Api::Selling, Region::Eu), "https://api.amazon.com/auth/o2/token");
        let sandbox = amazon.sandboxed();
        assert_eq!(sandbox.base(Api::Selling, Region::Na), "https://sandbox.sellingpartnerapi-na.amazon.com");
        assert_eq!(sandbox.sign_in(Api::Selling, Region::Na), "https://api.amazon.com/auth/o2/token");
        assert_eq!(Endpoints::single("http://x").sandboxed().base(Api::Selling, Region::Fe), "http://x/sandbox-fe");
        assert_eq!(amazon.sign_in(Api::Ads, Region::Eu), "https://api.amazon.co.uk/auth/o2/token");
        assert_eq!(Endpoints::single("http://x/").base(Api::Ads, Region::Eu), "http://x/ads-eu");
    }
}
