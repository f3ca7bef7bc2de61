//! A delivery: every document of one complete answer, and what is known of it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, Kind, MarketplaceId, Result, SellerId, Window};

/// The version of [`Delivery`] as it is written beside the bytes. Older ones stay readable.
pub const META_VERSION: u32 = 2;

/// Identity of a delivery: 32 hex digits, a hash of source, seller, scope, window, options, as-of and content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeliveryId(String);

impl DeliveryId {
    /// The id as it stands in file names and in `_delivery_id`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Stands for an id until everything it is the hash of is known.
    pub fn placeholder() -> Self {
        Self("0".repeat(32))
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for DeliveryId {
    type Error = Error;
    fn try_from(value: String) -> Result<Self> {
        if value.len() == 32 && value.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()) {
            return Ok(Self(value));
        }
        Err(Error::permanent(Kind::Usage, format!("{value:?} is not a delivery id")))
    }
}

impl FromStr for DeliveryId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::try_from(text.to_owned())
    }
}

impl From<DeliveryId> for String {
    fn from(id: DeliveryId) -> Self {
        id.0
    }
}

/// What one request covered: an account, a region, a marketplace id or an Ads profile id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scope(pub String);

impl Scope {
    /// What covers something nobody named.
    pub const UNTOLD: &str = "account";

    /// Whether anybody, or anything, told it.
    pub fn is_told(&self) -> bool {
        self.0 != Self::UNTOLD
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The metadata landed with a delivery's bytes as `<id>.meta.json`, written last: no meta, not landed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// [`META_VERSION`] at the time of writing.
    pub version: u32,
    /// Identity; see [`Delivery::identify`].
    pub id: DeliveryId,
    /// Name of the declared source.
    pub source: String,
    /// Whose data it is.
    pub seller: SellerId,
    /// What the request covered.
    pub scope: Scope,
    /// The marketplace, where the request named exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marketplace: Option<MarketplaceId>,
    /// The span asked for, where the request had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Report options as sent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// The server's cut-off, or the processing end; `None` where a column of the document says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// When the bytes arrived here.
    pub fetched_at: DateTime<Utc>,
    /// The charset label that came with the bytes, verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charset: Option<String>,
    /// SHA-256 of the bytes as stored, in hex.
    pub sha256: String,
    /// Length of the bytes as stored.
    pub size_bytes: u64,
    /// File name extension of the bytes, without the leading dot: `txt`, `csv.gz`, `json`.
    pub extension: String,
    /// Where each page starts in the stored bytes; a single page starts at 0.
    pub page_offsets: Vec<u64>,
    /// Amazon's report id, or the name of the file it was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// When buyers' personal data in the bytes must be gone, where there is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal_data_until: Option<DateTime<Utc>>,
}

impl Delivery {
    /// The identity that follows from everything a repeated request would have in common.
    pub fn identify(&self) -> DeliveryId {
        let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let mut hash = Sha256::new();
        let mut part = |name: &str, value: &str| {
            hash.update(format!("{name}\u{1f}{value}\u{1e}"));
        };
        part("source", &self.source);
        part("seller", self.seller.as_str());
        part("scope", &self.scope.0);
        part("marketplace", self.marketplace.as_ref().map_or("", MarketplaceId::as_str));
        part("window", &self.window.map_or(String::new(), |window| window.to_string()));
        for (name, value) in &self.options {
            part(name, value);
        }
        part("as_of", &self.as_of.map_or(String::new(), instant));
        part("content", &self.sha256);
        let digest = hash.finalize();
        let half = digest.iter().take(16).fold(0_u128, |id, byte| (id << 8) | u128::from(*byte));
        DeliveryId(format!("{half:032x}"))
    }

    /// Folder of the delivery's two files: `raw/<source>/seller_id=<id>/<yyyy>/<mm>`.
    pub fn folder(&self) -> String {
        let dated = self.as_of.unwrap_or(self.fetched_at);
        format!("raw/{}/seller_id={}/{}", self.source, self.seller, dated.format("%Y/%m"))
    }

    /// Path of the bytes, relative to the lake.
    pub fn data_path(&self) -> String {
        format!("{}/{}.{}", self.folder(), self.id, self.extension)
    }

    /// Path of the metadata, relative to the lake.
    pub fn meta_path(&self) -> String {
        format!("{}/{}.meta.json", self.folder(), self.id)
    }
}
