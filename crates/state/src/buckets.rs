//! Token buckets: how many calls of an operation Amazon will still take, so that a restart doesn't burst again.

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::Result;

use crate::failure::strange;
use crate::statement::{Row, sql};
use crate::{Lease, State};

/// The bucket of one operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Name of the operation.
    pub operation: String,
    /// Calls left at `updated_at`, at most `burst`; less than none after a refusal.
    pub tokens: f64,
    /// Calls that come back a second.
    pub rate_per_second: f64,
    /// The most it holds.
    pub burst: f64,
    /// When it held `tokens`.
    pub updated_at: DateTime<Utc>,
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spend {
    /// It may, and is counted.
    Granted,
    /// Not before then.
    Wait(DateTime<Utc>),
}

impl Bucket {
    /// Calls left at `now`. A clock that went back gives nothing and takes nothing.
    pub fn level(&self, now: DateTime<Utc>) -> f64 {
        let elapsed_ms = (now - self.updated_at).num_milliseconds().max(0) as f64;
        (self.tokens + elapsed_ms / 1_000.0 * self.rate_per_second).min(self.burst)
    }

    /// Takes one call out, if there is one.
    pub fn spend(&mut self, now: DateTime<Utc>) -> Spend {
        let level = self.level(now);
        if level >= 1.0 {
            self.tokens = level - 1.0;
            self.updated_at = self.updated_at.max(now);
            return Spend::Granted;
        }
        // A bucket that never fills is asked again in a day.
        let wait_ms = ((1.0 - level) / self.rate_per_second * 1_000.0).ceil().min(86_400_000.0);
        Spend::Wait(now + TimeDelta::milliseconds(wait_ms as i64))
    }
}

const PUT: &str = "INSERT INTO buckets (owner, operation, tokens, rate_per_second, burst, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (owner, operation) DO UPDATE SET tokens = excluded.tokens,
         rate_per_second = excluded.rate_per_second, burst = excluded.burst, updated_at = excluded.updated_at";

/// As [`PUT`], but what stands stays: it only locks the row and answers it.
const LOCK: &str = "INSERT INTO buckets (owner, operation, tokens, rate_per_second, burst, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (owner, operation) DO UPDATE SET operation = excluded.operation
     RETURNING *";

/// As [`PUT`], by the holder of the account alone.
const KEEP: &str = "INSERT INTO buckets (owner, operation, tokens, rate_per_second, burst, updated_at)
     SELECT $1, $2, $3, $4, $5, $6 WHERE EXISTS
         (SELECT 1 FROM leases WHERE leases.account = $1 AND leases.epoch = $7 AND leases.owner = $8)
     ON CONFLICT (owner, operation) DO UPDATE SET tokens = excluded.tokens,
         rate_per_second = excluded.rate_per_second, burst = excluded.burst, updated_at = excluded.updated_at";

impl State {
    /// Puts buckets of an account that is held, each by itself: one statement costs a third of a transaction, and this
    /// is waited for before many a call.
    pub async fn keep_buckets(&self, lease: &Lease, buckets: &[Bucket]) -> Result<()> {
        for bucket in buckets {
            let keep = bound(KEEP, &lease.account().to_string(), bucket).bind(lease.epoch()).bind(lease.owner());
            let kept = keep.changes(self.writer()).await?;
            self.guarded("bucket.save", lease, kept).await?;
        }
        Ok(())
    }

    /// The buckets of an account or an application, sorted by operation.
    pub async fn buckets(&self, owner: &str) -> Result<Vec<Bucket>> {
        const LIST: &str = "SELECT * FROM buckets WHERE owner = $1 ORDER BY operation";
        sql("bucket.list", LIST).bind(owner).all(self.reader()).await?.iter().map(read).collect()
    }

    /// Takes a call out of a bucket that all accounts of an application share, whoever holds them. A bucket nobody
    /// has used yet is full; rate and burst are always those given, which may have been corrected meanwhile.
    pub async fn spend_shared(
        &self,
        application: &str,
        operation: &str,
        rate_per_second: f64,
        burst: f64,
        now: DateTime<Utc>,
    ) -> Result<Spend> {
        self.change_shared(application, operation, rate_per_second, burst, now, |bucket| bucket.spend(now)).await
    }

    /// Empties a shared bucket, so that it gives nothing before `until`: Amazon said that it is empty.
    pub async fn drain_shared(
        &self,
        application: &str,
        operation: &str,
        rate_per_second: f64,
        burst: f64,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<()> {
        let seconds = (until - now).num_milliseconds().max(0) as f64 / 1_000.0;
        let drain = |bucket: &mut Bucket| {
            bucket.tokens = bucket.level(now).min(0.0).min(1.0 - seconds * rate_per_second);
            bucket.updated_at = bucket.updated_at.max(now);
        };
        self.change_shared(application, operation, rate_per_second, burst, now, drain).await
    }

    async fn change_shared<T>(
        &self,
        application: &str,
        operation: &str,
        rate_per_second: f64,
        burst: f64,
        now: DateTime<Utc>,
        change: impl FnOnce(&mut Bucket) -> T,
    ) -> Result<T> {
        const OPERATION: &str = "bucket.spend";
        let operation = operation.to_owned();
        let full = Bucket { operation, tokens: burst, rate_per_second, burst, updated_at: now };
        let mut transaction = self.begin(OPERATION).await?;
        let row = bound(LOCK, application, &full).first(&mut transaction).await?;
        let stands = read(&row.ok_or_else(|| strange(OPERATION, "operation", "no row"))?)?;
        // Rates are corrected from now on, not for the time that has passed.
        let mut bucket =
            Bucket { tokens: stands.level(now).min(burst), updated_at: stands.updated_at.max(now), ..full };
        let answer = change(&mut bucket);
        bound(PUT, application, &bucket).execute(&mut transaction).await?;
        transaction.commit(OPERATION).await?;
        Ok(answer)
    }
}

fn bound(text: &'static str, owner: &str, bucket: &Bucket) -> crate::statement::Statement {
    sql("bucket.save", text)
        .bind(owner)
        .bind(&bucket.operation)
        .bind(bucket.tokens)
        .bind(bucket.rate_per_second)
        .bind(bucket.burst)
        .bind(bucket.updated_at)
}

fn read(row: &Row) -> Result<Bucket> {
    Ok(Bucket {
        operation: row.get("operation")?,
        tokens: row.get("tokens")?,
        rate_per_second: row.get("rate_per_second")?,
        burst: row.get("burst")?,
        updated_at: row.instant("updated_at")?,
    })
}
