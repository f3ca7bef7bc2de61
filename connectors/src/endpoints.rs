//! Where Amazon is.

use sellerlake_contracts::Region;

use crate::operation::Api;

/// Addresses of the APIs and of the sign-in, by region.
#[derive(Debug, Clone, Default)]
pub enum Endpoints {
    /// Amazon's own (A.6, F.1).
    #[default]
    Amazon,
    /// The Selling Partner API's sandbox; sign-in and Ads are Amazon's own (A.10).
    Sandbox,
    /// Everything below one address, as the simulator has it.
    Single(String),
}

impl Endpoints {
    /// Everything below `url`; a slash at its end doesn't matter.
    pub fn single(url: &str) -> Self {
        Self::Single(url.trim_end_matches('/').to_owned())
    }

    /// The address an API's paths are appended to.
    pub(crate) fn base(&self, api: Api, region: Region) -> String {
        match (self, api) {
            (Self::Single(url), Api::Selling) => format!("{url}/{region}"),
            (Self::Single(url), Api::Ads) => format!("{url}/ads-{region}"),
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
            (Self::Single(url), _, _) => url,
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
        assert_eq!(amazon.sign_in(Api::Ads, Region::Eu), "https://api.amazon.co.uk/auth/o2/token");
        assert_eq!(Endpoints::single("http://x/").base(Api::Ads, Region::Eu), "http://x/ads-eu");
    }
}
