//! The ledger of deliveries: how far each has come.

use std::fmt;

use chrono::{DateTime, Utc};
use sellerlake_contracts::{Delivery, DeliveryId, MarketplaceId, Result, Scope, SellerId, Window};
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::State;
use crate::database::{failure, from_ms, strange, to_ms};

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryStatus {
    /// Its bytes are being written, or were when the process died.
    Landing,
    /// Its bytes and metadata stand in `raw/`.
    Landed,
    /// Its rows are merged into `sources/`.
    Loaded,
    /// It can't be used, for the reason given; its bytes stay.
    Refused,
}

impl DeliveryStatus {
    /// The name as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Landing => "landing",
            Self::Landed => "landed",
            Self::Loaded => "loaded",
            Self::Refused => "refused",
        }
    }

    const ALL: [Self; 4] = [Self::Landing, Self::Landed, Self::Loaded, Self::Refused];

    fn parse(operation: &'static str, value: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == value);
        known.ok_or_else(|| strange(operation, "status", value))
    }
}

impl fmt::Display for DeliveryStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
        let status: String = sqlx::query_scalar(
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
        .bind(delivery.window.map(|window| to_ms(window.from)))
        .bind(delivery.window.map(|window| to_ms(window.to)))
        .bind(delivery.as_of.map(to_ms))
        .bind(to_ms(delivery.fetched_at))
        .bind(delivery.data_path())
        .bind(delivery.meta_path())
        .bind(&delivery.sha256)
        .bind(delivery.size_bytes as i64)
        .bind(DeliveryStatus::Landing.as_str())
        .bind(to_ms(now))
        .fetch_one(self.writer())
        .await
        .map_err(|error| failure(OPERATION, error))?;
        DeliveryStatus::parse(OPERATION, &status)
    }

    /// The bytes stand. A delivery that has come further stays where it is; true if this moved it.
    pub async fn set_landed(&self, id: &DeliveryId, now: DateTime<Utc>) -> Result<bool> {
        let moved = sqlx::query("UPDATE deliveries SET status = $1, updated_at = $2 WHERE id = $3 AND status = $4")
            .bind(DeliveryStatus::Landed.as_str())
            .bind(to_ms(now))
            .bind(id.as_str())
            .bind(DeliveryStatus::Landing.as_str())
            .execute(self.writer())
            .await;
        moved.map(|done| done.rows_affected() > 0).map_err(|error| failure("delivery.landed", error))
    }

    /// The rows are merged into `sources/`. False if the delivery is unknown.
    pub async fn set_loaded(&self, id: &DeliveryId, report: &LoadReport, now: DateTime<Utc>) -> Result<bool> {
        self.conclude(id, DeliveryStatus::Loaded, None, report, now).await
    }

    /// The delivery can't be used, for a reason a person will read. False if the delivery is unknown.
    pub async fn set_refused(
        &self,
        id: &DeliveryId,
        reason: &str,
        report: &LoadReport,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        self.conclude(id, DeliveryStatus::Refused, Some(reason), report, now).await
    }

    async fn conclude(
        &self,
        id: &DeliveryId,
        status: DeliveryStatus,
        reason: Option<&str>,
        report: &LoadReport,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE deliveries SET status = $1, reason = $2, rows_read = $3, rows_rejected = $4, report = $5,
                 updated_at = $6 WHERE id = $7",
        )
        .bind(status.as_str())
        .bind(reason)
        .bind(report.rows as i64)
        .bind(report.rejected as i64)
        .bind(report.details.to_string())
        .bind(to_ms(now))
        .bind(id.as_str())
        .execute(self.writer())
        .await;
        done.map(|done| done.rows_affected() > 0).map_err(|error| failure("delivery.conclude", error))
    }

    /// What the ledger says of a delivery; `None` if it never heard of it.
    pub async fn delivery(&self, id: &DeliveryId) -> Result<Option<DeliveryRecord>> {
        let row = sqlx::query("SELECT * FROM deliveries WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(self.reader())
            .await
            .map_err(|error| failure("delivery.get", error))?;
        row.as_ref().map(read).transpose()
    }

    /// The ledger's entries, in the order the deliveries arrived.
    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<DeliveryRecord>> {
        let rows = sqlx::query(match (&filter.seller, filter.status) {
            (Some(_), _) => OF_SELLER,
            (None, Some(_)) => OF_STATUS,
            (None, None) => OF_ALL,
        })
        .bind(filter.source.as_deref())
        .bind(filter.seller.as_ref().map(SellerId::as_str))
        .bind(filter.status.map(DeliveryStatus::as_str))
        .fetch_all(self.reader())
        .await
        .map_err(|error| failure("delivery.list", error))?;
        rows.iter().map(read).collect()
    }

    /// Forgets a delivery; true if it was known.
    pub async fn remove_delivery(&self, id: &DeliveryId) -> Result<bool> {
        let removed =
            sqlx::query("DELETE FROM deliveries WHERE id = $1").bind(id.as_str()).execute(self.writer()).await;
        removed.map(|done| done.rows_affected() > 0).map_err(|error| failure("delivery.remove", error))
    }
}

const READ: &str = "delivery.get";

fn column<'r, T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>>(
    row: &'r SqliteRow,
    name: &str,
) -> Result<T> {
    row.try_get(name).map_err(|error| failure(READ, error))
}

fn instant(row: &SqliteRow, name: &str) -> Result<Option<DateTime<Utc>>> {
    let ms: Option<i64> = column(row, name)?;
    ms.map(|ms| from_ms(READ, name, ms)).transpose()
}

fn read(row: &SqliteRow) -> Result<DeliveryRecord> {
    let missing = |name: &'static str| move || strange(READ, name, "NULL");
    let id: String = column(row, "id")?;
    let marketplace: Option<String> = column(row, "marketplace")?;
    let window = instant(row, "window_from")?.zip(instant(row, "window_to")?);
    Ok(DeliveryRecord {
        id: DeliveryId::try_from(id)?,
        source: column(row, "source")?,
        seller: column::<String>(row, "seller")?.parse()?,
        scope: Scope(column(row, "scope")?),
        marketplace: marketplace.map(|id| id.parse()).transpose()?,
        window: window.map(|(from, to)| Window { from, to }),
        as_of: instant(row, "as_of")?,
        fetched_at: instant(row, "fetched_at")?.ok_or_else(missing("fetched_at"))?,
        data_path: column(row, "data_path")?,
        meta_path: column(row, "meta_path")?,
        sha256: column(row, "sha256")?,
        size_bytes: column::<i64>(row, "size_bytes")? as u64,
        status: DeliveryStatus::parse(READ, &column::<String>(row, "status")?)?,
        reason: column(row, "reason")?,
        report: read_report(row)?,
        updated_at: instant(row, "updated_at")?.ok_or_else(missing("updated_at"))?,
    })
}

fn read_report(row: &SqliteRow) -> Result<Option<LoadReport>> {
    let Some(text) = column::<Option<String>>(row, "report")? else { return Ok(None) };
    let details = serde_json::from_str(&text).map_err(|error| strange(READ, "report", &text).source(error))?;
    let count = |name| column::<Option<i64>>(row, name).map(|count| count.unwrap_or(0) as u64);
    Ok(Some(LoadReport { rows: count("rows_read")?, rejected: count("rows_rejected")?, details }))
}
