//! The ledger of deliveries: how far each has come.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{Delivery, DeliveryId, MarketplaceId, Result, Scope, SellerId, Window};
use serde_json::Value;

use crate::State;
use crate::failure::strange;
use crate::statement::{Row, sql};
use crate::words::words;

words! {
    /// How far a delivery has come.
    DeliveryStatus, "delivery status" {
        /// Its bytes are being written, or were when the process died.
        Landing = "landing",
        /// Its bytes and metadata stand in `raw/`.
        Landed = "landed",
        /// Its rows are merged into `sources/`, all of them.
        Loaded = "loaded",
        /// Some of its rows can't be read, or don't add up; the others are merged.
        InPart = "in_part",
        /// Units of it can't be read: what stood of them before stands.
        HeldBack = "held_back",
        /// It can't be used, for the reason given; its bytes stay.
        Refused = "refused",
    }
}

/// What came of reading a delivery.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadReport {
    /// Rows read, rejected ones not among them.
    pub rows: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// Everything else that was counted, as a JSON object; `Null` if nothing was.
    pub details: Value,
}

/// A delivery in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryRecord {
    /// Identity.
    pub id: DeliveryId,
    /// Name of the declared source.
    pub source: String,
    /// Whose data it is.
    pub seller: SellerId,
    /// What the request covered.
    pub scope: Scope,
    /// The marketplace, where there was exactly one.
    pub marketplace: Option<MarketplaceId>,
    /// The span asked for, to the millisecond.
    pub window: Option<Window>,
    /// The server's cut-off, to the millisecond.
    pub as_of: Option<DateTime<Utc>>,
    /// When the bytes arrived.
    pub fetched_at: DateTime<Utc>,
    /// Path of the bytes in the lake.
    pub data_path: String,
    /// Path of the metadata in the lake.
    pub meta_path: String,
    /// SHA-256 of the stored bytes, in hex.
    pub sha256: String,
    /// Length of the stored bytes.
    pub size_bytes: u64,
    /// How far it has come.
    pub status: DeliveryStatus,
    /// Why it was refused.
    pub reason: Option<String>,
    /// What came of reading it, once it was read.
    pub report: Option<LoadReport>,
    /// When this entry last changed.
    pub updated_at: DateTime<Utc>,
}

/// Which deliveries to list; an empty filter lists them all.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Of this source.
    pub source: Option<String>,
    /// Of this seller.
    pub seller: Option<SellerId>,
    /// That have come just so far.
    pub status: Option<DeliveryStatus>,
}

// Written out, because no index serves `$2 IS NULL OR seller = $2`.
const OF_SELLER: &str = "SELECT * FROM deliveries
     WHERE ($1 IS NULL OR source = $1) AND seller = $2 AND ($3 IS NULL OR status = $3) ORDER BY fetched_at, id";
const OF_STATUS: &str = "SELECT * FROM deliveries
     WHERE ($1 IS NULL OR source = $1) AND $2 IS NULL AND status = $3 ORDER BY fetched_at, id";
const OF_ALL: &str = "SELECT * FROM deliveries
     WHERE ($1 IS NULL OR source = $1) AND $2 IS NULL AND $3 IS NULL ORDER BY fetched_at, id";

impl State {
    /// Enters a delivery before its bytes are written, so that a crash in between is found here. One that is
    /// known stays as it is; the answer says how far it has come.
    pub async fn begin_landing(&self, delivery: &Delivery, now: DateTime<Utc>) -> Result<DeliveryStatus> {
        const OPERATION: &str = "delivery.begin";
        let row = sql(
            OPERATION,
            "INSERT INTO deliveries (id, source, seller, scope, marketplace, window_from, window_to, as_of, fetched_at,
                 data_path, meta_path, sha256, size_bytes, status, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             ON CONFLICT (id) DO UPDATE SET id = excluded.id
             RETURNING status",
        )
        .bind(delivery.id.as_str())
        .bind(&delivery.source)
        .bind(delivery.seller.as_str())
        .bind(&delivery.scope.0)
        .bind(delivery.marketplace.as_ref().map(MarketplaceId::as_str))
        .bind(delivery.window.map(|window| window.from))
        .bind(delivery.window.map(|window| window.to))
        .bind(delivery.as_of)
        .bind(delivery.fetched_at)
        .bind(delivery.data_path())
        .bind(delivery.meta_path())
        .bind(&delivery.sha256)
        .bind(delivery.size_bytes)
        .bind(DeliveryStatus::Landing)
        .bind(now)
        .first(self.writer())
        .await?;
        row.ok_or_else(|| strange(OPERATION, "status", "no row"))?.parsed("status")
    }

    /// The bytes stand. A delivery that has come further stays where it is; true if this moved it.
    pub async fn set_landed(&self, id: &DeliveryId, now: DateTime<Utc>) -> Result<bool> {
        const MOVE: &str = "UPDATE deliveries SET status = $1, updated_at = $2 WHERE id = $3 AND status = $4";
        sql("delivery.landed", MOVE)
            .bind(DeliveryStatus::Landed)
            .bind(now)
            .bind(id.as_str())
            .bind(DeliveryStatus::Landing)
            .changes(self.writer())
            .await
    }

    /// What came of reading a delivery, and why not all of it stands, for a person. False if the delivery is unknown.
    pub async fn conclude(
        &self,
        id: &DeliveryId,
        status: DeliveryStatus,
        reason: Option<&str>,
        report: &LoadReport,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        sql(
            "delivery.conclude",
            "UPDATE deliveries SET status = $1, reason = $2, rows_read = $3, rows_rejected = $4, report = $5,
                 updated_at = $6 WHERE id = $7",
        )
        .bind(status)
        .bind(reason)
        .bind(report.rows)
        .bind(report.rejected)
        .bind(report.details.to_string())
        .bind(now)
        .bind(id.as_str())
        .changes(self.writer())
        .await
    }

    /// What the ledger says of a delivery; `None` if it never heard of it.
    pub async fn delivery(&self, id: &DeliveryId) -> Result<Option<DeliveryRecord>> {
        let row = sql(READ, "SELECT * FROM deliveries WHERE id = $1").bind(id.as_str()).first(self.reader()).await?;
        row.as_ref().map(read).transpose()
    }

    /// The ledger's entries, in the order the deliveries arrived.
    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<DeliveryRecord>> {
        let text = match (&filter.seller, filter.status) {
            (Some(_), _) => OF_SELLER,
            (None, Some(_)) => OF_STATUS,
            (None, None) => OF_ALL,
        };
        let rows = sql(READ, text)
            .bind(filter.source.as_deref())
            .bind(filter.seller.as_ref().map(SellerId::as_str))
            .bind(filter.status.map(DeliveryStatus::as_str))
            .all(self.reader())
            .await?;
        rows.iter().map(read).collect()
    }

    /// The delivery that arrived last of those that stand loaded, at least in part.
    pub async fn newest_delivery(&self) -> Result<Option<DeliveryRecord>> {
        const NEWEST: &str =
            "SELECT * FROM deliveries WHERE status IN ($1, $2, $3) ORDER BY fetched_at DESC, id LIMIT 1";
        let statuses = [DeliveryStatus::Loaded, DeliveryStatus::InPart, DeliveryStatus::HeldBack];
        let newest = statuses.into_iter().fold(sql(READ, NEWEST), super::statement::Statement::bind);
        let newest = newest.first(self.reader()).await?;
        newest.as_ref().map(read).transpose()
    }

    /// Forgets a delivery; true if it was known.
    pub async fn remove_delivery(&self, id: &DeliveryId) -> Result<bool> {
        sql("delivery.remove", "DELETE FROM deliveries WHERE id = $1").bind(id.as_str()).changes(self.writer()).await
    }
}

const READ: &str = "delivery.get";

fn read(row: &Row) -> Result<DeliveryRecord> {
    let window = row.maybe_instant("window_from")?.zip(row.maybe_instant("window_to")?);
    Ok(DeliveryRecord {
        id: row.parsed("id")?,
        source: row.get("source")?,
        seller: row.parsed("seller")?,
        scope: Scope(row.get("scope")?),
        marketplace: row.maybe_parsed("marketplace")?,
        window: window.map(|(from, to)| Window { from, to }),
        as_of: row.maybe_instant("as_of")?,
        fetched_at: row.instant("fetched_at")?,
        data_path: row.get("data_path")?,
        meta_path: row.get("meta_path")?,
        sha256: row.get("sha256")?,
        size_bytes: row.count("size_bytes")?,
        status: row.parsed("status")?,
        reason: row.get("reason")?,
        report: read_report(row)?,
        updated_at: row.instant("updated_at")?,
    })
}

fn read_report(row: &Row) -> Result<Option<LoadReport>> {
    let Some(text) = row.get::<Option<String>>("report")? else { return Ok(None) };
    let details = serde_json::from_str(&text).map_err(|error| row.strange("report", &text).source(error))?;
    Ok(Some(LoadReport { rows: row.count("rows_read")?, rejected: row.count("rows_rejected")?, details }))
}
