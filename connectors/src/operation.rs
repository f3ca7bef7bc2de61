//! An operation of Amazon's as a row of facts.

/// Which of Amazon's APIs an operation belongs to: it decides host, grant and headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// The Selling Partner API.
    Selling,
    /// The Advertising API.
    Ads,
}

/// HTTP methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
}

/// What is known of an operation before it is called.
#[derive(Debug)]
pub(crate) struct Operation {
    /// As Amazon's models name it; also the name of its token bucket.
    pub name: &'static str,
    pub method: Method,
    /// Path with names in braces.
    pub path: &'static str,
    pub api: Api,
    /// Tokens a second by default (amazon.md: Default rates).
    pub rate: f64,
    /// Tokens in a full bucket.
    pub burst: u32,
    /// Whether the whole application shares one bucket, not each account its own.
    pub shared: bool,
    /// Role that opens it, as the developer console names it (amazon.md: Roles).
    pub role: &'static str,
    /// Whether a call whose outcome is unknown must not simply be sent again: it creates something.
    pub creates: bool,
}

impl Operation {
    pub(crate) const fn get(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::Get, path)
    }

    pub(crate) const fn post(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::Post, path)
    }

    const fn new(name: &'static str, method: Method, path: &'static str) -> Self {
        Self { name, method, path, api: Api::Selling, rate: 1.0, burst: 1, shared: false, role: "", creates: false }
    }

    #[must_use]
    pub(crate) const fn rate(mut self, rate: f64, burst: u32) -> Self {
        self.rate = rate;
        self.burst = burst;
        self
    }

    #[must_use]
    pub(crate) const fn role(mut self, role: &'static str) -> Self {
        self.role = role;
        self
    }

    #[must_use]
    pub(crate) const fn creates(mut self) -> Self {
        self.creates = true;
        self
    }

    /// An operation of the Ads API, whose limits are the application's (amazon.md: Ads reports).
    #[must_use]
    pub(crate) const fn ads(mut self) -> Self {
        self.api = Api::Ads;
        self.shared = true;
        self
    }
}
