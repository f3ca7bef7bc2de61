//! Operations as rows of facts.

use super::{Amazon, Call, Reply};

/// Answers one operation.
pub type Handler = fn(&Amazon, &Call<'_>) -> Reply;

/// Whose token an operation wants, and so whose bucket it empties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// The seller's; one bucket per seller and application.
    Seller,
    /// The application's, with a scope; one bucket per application (amazon.md: Calls without a seller).
    Application(&'static str),
}

/// What an application must have been given before it may call an operation (amazon.md: Roles).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Orders, FBA stock, their reports.
    InventoryAndOrderTracking,
    /// Finances, settlements.
    FinanceAndAccounting,
    /// Listings, catalogue.
    ProductListing,
    /// Prices, fees.
    Pricing,
    /// Sales and traffic, search terms.
    BrandAnalytics,
    /// Buyers' addresses.
    DirectToConsumerShipping,
    /// Tax reports.
    TaxRemittance,
    /// Everybody has it.
    SellingPartnerInsights,
}

impl Role {
    /// The role's name as the developer console shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::InventoryAndOrderTracking => "Inventory and Order Tracking",
            Self::FinanceAndAccounting => "Finance and Accounting",
            Self::ProductListing => "Product Listing",
            Self::Pricing => "Pricing",
            Self::BrandAnalytics => "Brand Analytics",
            Self::DirectToConsumerShipping => "Direct-to-Consumer Shipping",
            Self::TaxRemittance => "Tax Remittance",
            Self::SellingPartnerInsights => "Selling Partner Insights",
        }
    }
}

/// One operation of an API.
pub struct Operation {
    /// `api.operationId`, unique.
    pub name: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path template below the endpoint, names in braces.
    pub path: &'static str,
    /// Tokens a second.
    pub rate: f64,
    /// Tokens in a full bucket.
    pub burst: u32,
    /// Whose token it wants.
    pub grant: Grant,
    /// What the application must have been given.
    pub role: Role,
    /// Who answers.
    pub handler: Handler,
}

impl Operation {
    /// A GET.
    pub const fn get(name: &'static str, path: &'static str, handler: Handler) -> Self {
        Self::new(name, "GET", path, handler)
    }

    /// A POST.
    pub const fn post(name: &'static str, path: &'static str, handler: Handler) -> Self {
        Self::new(name, "POST", path, handler)
    }

    /// A DELETE.
    pub const fn delete(name: &'static str, path: &'static str, handler: Handler) -> Self {
        Self::new(name, "DELETE", path, handler)
    }

    const fn new(name: &'static str, method: &'static str, path: &'static str, handler: Handler) -> Self {
        let role = Role::SellingPartnerInsights;
        Self { name, method, path, rate: 1.0, burst: 1, grant: Grant::Seller, role, handler }
    }

    /// With its documented quota: tokens a second, bucket size.
    #[must_use]
    pub const fn rate(mut self, rate: f64, burst: u32) -> Self {
        self.rate = rate;
        self.burst = burst;
        self
    }

    /// With the role it needs.
    #[must_use]
    pub const fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// Grantless, with the scope its token must have.
    #[must_use]
    pub const fn grantless(mut self, scope: &'static str) -> Self {
        self.grant = Grant::Application(scope);
        self
    }

    /// The names of the path if `path` fits the template. Segments are decoded one by one: a SKU may hold `%2F`.
    pub fn matches(&self, method: &str, path: &str) -> Option<Vec<(&'static str, String)>> {
        if method != self.method {
            return None;
        }
        let mut names = Vec::new();
        let mut given = path.split('/');
        for wanted in self.path.split('/') {
            let segment = given.next()?;
            match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) if !segment.is_empty() => names.push((name, decode(segment))),
                None if wanted == segment => {}
                _ => return None,
            }
        }
        given.next().is_none().then_some(names)
    }
}

fn decode(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = segment.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = code.filter(|_| bytes[at] == b'%') {
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
