//! Token buckets: how many calls of an operation Amazon will still take, so that a restart doesn't burst again.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{BucketLevel, Result, SharedBucket};

use crate::failure::strange;
use crate::statement::{Row, sql};
use crate::{Lease, State};

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
    pub async fn keep_buckets(&self, lease: &Lease, buckets: &[BucketLevel]) -> Result<()> {
        for bucket in buckets {
            let keep = bound(KEEP, &lease.account().to_string(), bucket).bind(lease.epoch()).bind(lease.owner());
            let kept = keep.changes(self.writer()).await?;
            self.guarded("bucket.save", lease, kept).await?;
        }
        Ok(())
    }

    /// The buckets of an account or an application, sorted by operation.
    pub async fn buckets(&self, owner: &str) -> Result<Vec<BucketLevel>> {
        const LIST: &str = "SELECT * FROM buckets WHERE owner = $1 ORDER BY operation";
        sql("bucket.list", LIST).bind(owner).all(self.reader()).await?.iter().map(read).collect()
    }

    /// Takes a call out of a bucket that all accounts of an application share, whoever holds them; if there is none, says
    /// when there will be one. A bucket nobody has used yet is full; rate and burst are always those given, which may
    /// have been corrected meanwhile.
    pub async fn spend_shared(
        &self,
        application: &str,
        bucket: &SharedBucket,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>> {
        self.change_shared(application, bucket, now, |level| level.spend(now)).await
    }

    /// Empties a shared bucket, so that it gives nothing before `until`: Amazon said that it is empty.
    pub async fn drain_shared(
        &self,
        application: &str,
        bucket: &SharedBucket,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<()> {
        let seconds = (until - now).num_milliseconds().max(0) as f64 / 1_000.0;
        let drain = |level: &mut BucketLevel| {
            level.tokens = level.at(now).min(0.0).min(1.0 - seconds * bucket.rate);
            level.updated_at = level.updated_at.max(now);
        };
        self.change_shared(application, bucket, now, drain).await
    }

    async fn change_shared<T>(
        &self,
        application: &str,
        bucket: &SharedBucket,
        now: DateTime<Utc>,
        change: impl FnOnce(&mut BucketLevel) -> T,
    ) -> Result<T> {
        const OPERATION: &str = "bucket.spend";
        let SharedBucket { operation, rate, burst } = *bucket;
        let full = BucketLevel { operation: operation.to_owned(), tokens: burst, rate, burst, updated_at: now };
        let mut transaction = self.begin(OPERATION).await?;
        let row = bound(LOCK, application, &full).first(&mut transaction).await?;
        let stands = read(&row.ok_or_else(|| strange(OPERATION, "operation", "no row"))?)?;
        // Rates are corrected from now on, not for the time that has passed.
        let mut level =
            BucketLevel { tokens: stands.at(now).min(burst), updated_at: stands.updated_at.max(now), ..full };
        let answer = change(&mut level);
        bound(PUT, application, &level).execute(&mut transaction).await?;
        transaction.commit(OPERATION).await?;
        Ok(answer)
    }
}

fn bound(text: &'static str, owner: &str, bucket: &BucketLevel) -> crate::statement::Statement {
    sql("bucket.save", text)
        .bind(owner)
        .bind(&bucket.operation)
        .bind(bucket.tokens)
        .bind(bucket.rate)
        .bind(bucket.burst)
        .bind(bucket.updated_at)
}

fn read(row: &Row) -> Result<BucketLevel> {
    Ok(BucketLevel {
        operation: row.get("operation")?,
        tokens: row.get("tokens")?,
        rate: row.get("rate_per_second")?,
        burst: row.get("burst")?,
        updated_at: row.instant("updated_at")?,
    })
}
