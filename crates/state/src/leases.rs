//! The account's lease: its holder alone owns the account's token buckets, slices and jobs.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use sellerlake_contracts::{AccountId, Error, Kind, Result};

use crate::pool::Transaction;
use crate::statement::{On, Row, sql};
use crate::{JobStatus, Process, RunOutcome, State};

/// Proof of holding an account, until somebody else does. Each acquisition has a higher epoch than all before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    account: AccountId,
    owner: String,
    epoch: i64,
    expires_at: DateTime<Utc>,
    follows_a_death: bool,
}

impl Lease {
    /// The account that is held.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Who holds it, as said when it was acquired.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The how-many-eth acquisition of the account this is.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// From when on anybody may take it.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// Whether the holder before didn't give the account back.
    pub fn follows_a_death(&self) -> bool {
        self.follows_a_death
    }
}

/// Whoever holds an account, or held it until its time was up.
#[derive(Debug)]
struct Holder {
    owner: String,
    /// The how-many-eth acquisition this is.
    epoch: i64,
    expires_at: DateTime<Utc>,
}

const HOLDER: &str = "SELECT * FROM leases WHERE account = $1 AND owner IS NOT NULL";

impl State {
    /// Takes an account that nobody holds, whose holder's time is up, or whose holder is known to have died, for `ttl`
    /// from now. `owner` is a [`Process::owner`], or whatever else names the holder, each start anew: a lease that is
    /// held is a `Conflict` for everybody, its holder included.
    ///
    /// Whatever the last holder left under way is put right in the same step: its running jobs are queued again
    /// with their checkpoints, its open runs are ended as interrupted.
    pub async fn acquire_lease(
        &self,
        account: &AccountId,
        owner: &str,
        ttl: Duration,
        now: DateTime<Utc>,
    ) -> Result<Lease> {
        const OPERATION: &str = "lease.acquire";
        let expires_at = now + ttl;
        let mut transaction = self.begin(OPERATION).await?;
        let holder = sql(OPERATION, HOLDER).bind(account).first(&mut transaction).await?;
        let holder = holder.as_ref().map(read).transpose()?;
        // Epochs begin at 1.
        let follows_a_death = holder.is_some();
        let gone = holder.filter(|holder| Process::is_gone(&holder.owner)).map_or(0, |holder| holder.epoch);
        let row = sql(
            OPERATION,
            "INSERT INTO leases (account, owner, epoch, acquired_at, expires_at) VALUES ($1, $2, 1, $3, $4)
             ON CONFLICT (account) DO UPDATE SET owner = excluded.owner, epoch = leases.epoch + 1,
                 acquired_at = excluded.acquired_at, expires_at = excluded.expires_at
             WHERE leases.owner IS NULL OR leases.expires_at <= $3 OR leases.epoch = $5
             RETURNING epoch",
        )
        .bind(account)
        .bind(owner)
        .bind(now)
        .bind(expires_at)
        .bind(gone)
        .first(&mut transaction)
        .await?;
        let Some(row) = row else {
            return Err(lost(OPERATION, "somebody else holds the account", account, &mut transaction).await?);
        };
        let epoch = row.get("epoch")?;
        take_over(account, now, &mut transaction).await?;
        transaction.commit(OPERATION).await?;
        Ok(Lease { account: account.clone(), owner: owner.to_owned(), epoch, expires_at, follows_a_death })
    }

    /// Holds on for `ttl` from now. A lease whose time was up, but which nobody took, is as good as before; one that
    /// somebody took is a `Conflict`, and so are all further writes.
    pub async fn renew_lease(&self, lease: &Lease, ttl: Duration, now: DateTime<Utc>) -> Result<Lease> {
        const OPERATION: &str = "lease.renew";
        let expires_at = now + ttl;
        let renewed =
            sql(OPERATION, "UPDATE leases SET expires_at = $1 WHERE account = $2 AND epoch = $3 AND owner = $4")
                .bind(expires_at)
                .bind(&lease.account)
                .bind(lease.epoch)
                .bind(&lease.owner)
                .changes(self.writer())
                .await?;
        if !renewed {
            return Err(lost(OPERATION, LOST, &lease.account, self.reader()).await?);
        }
        Ok(Lease { expires_at, ..lease.clone() })
    }

    /// Gives an account back; false if it was lost before.
    pub async fn release_lease(&self, lease: &Lease) -> Result<bool> {
        const RELEASE: &str =
            "UPDATE leases SET owner = NULL, expires_at = 0 WHERE account = $1 AND epoch = $2 AND owner = $3";
        let release = sql("lease.release", RELEASE).bind(&lease.account).bind(lease.epoch).bind(&lease.owner);
        release.changes(self.writer()).await
    }

    /// For a single statement that checks the lease itself: fine if it changed something, and otherwise the `Conflict`
    /// that says who holds the account now.
    pub(crate) async fn guarded(&self, operation: &'static str, lease: &Lease, changed: bool) -> Result<()> {
        if changed {
            return Ok(());
        }
        Err(lost(operation, LOST, &lease.account, self.reader()).await?)
    }

    /// The `Conflict` that says who holds the account now, if the lease was lost.
    pub(crate) async fn held(&self, operation: &'static str, lease: &Lease) -> Result<()> {
        const HELD: &str = "SELECT epoch FROM leases WHERE account = $1 AND epoch = $2 AND owner = $3";
        let held = sql(operation, HELD).bind(&lease.account).bind(lease.epoch).bind(&lease.owner);
        let held = held.first(self.reader()).await?.is_some();
        self.guarded(operation, lease, held).await
    }

    /// Begins a transaction of the holder of an account: all it writes is written together, or nothing is, and only
    /// while the lease holds. A lost lease is a `Conflict` that says who holds it now.
    ///
    /// Commit soon and call nothing else of the state in between: on SQLite this is the one writer.
    pub async fn leased(&self, lease: &Lease, now: DateTime<Utc>) -> Result<Leased> {
        const OPERATION: &str = "lease.write";
        // An UPDATE and not a SELECT: it locks the row, so whoever wants to take the account waits for the commit.
        const GUARD: &str = "UPDATE leases SET epoch = epoch WHERE account = $1 AND epoch = $2 AND owner = $3";
        let mut transaction = self.begin(OPERATION).await?;
        let guard = sql(OPERATION, GUARD).bind(&lease.account).bind(lease.epoch).bind(&lease.owner);
        if !guard.changes(&mut transaction).await? {
            return Err(lost(OPERATION, LOST, &lease.account, &mut transaction).await?);
        }
        Ok(Leased { transaction, account: lease.account.clone(), now })
    }
}

/// What the holder of an account writes in one transaction; undone if it is dropped. See [`State::leased`].
pub struct Leased {
    pub(crate) transaction: Transaction,
    pub(crate) account: AccountId,
    pub(crate) now: DateTime<Utc>,
}

impl Leased {
    /// The account that is held.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Makes everything true that was written.
    pub async fn commit(self) -> Result<()> {
        self.transaction.commit("lease.commit").await
    }
}

const LOST: &str = "the account's lease was lost";

async fn lost<'a>(operation: &'static str, message: &str, account: &AccountId, on: impl Into<On<'a>>) -> Result<Error> {
    let holder = sql(operation, HOLDER).bind(account).first(on).await?;
    let error = Error::transient(Kind::Conflict, message).at(operation).with("account", account);
    let Some(holder) = holder.as_ref().map(read).transpose()? else { return Ok(error.with("holder", "nobody")) };
    let until = holder.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    Ok(error.with("holder", Process::told(&holder.owner)).with("until", until))
}

async fn take_over(account: &AccountId, now: DateTime<Utc>, transaction: &mut Transaction) -> Result<()> {
    const OPERATION: &str = "lease.acquire";
    sql(OPERATION, "UPDATE jobs SET status = $1, updated_at = $2 WHERE account = $3 AND status = $4")
        .bind(JobStatus::Queued)
        .bind(now)
        .bind(account)
        .bind(JobStatus::Running)
        .execute(&mut *transaction)
        .await?;
    sql(OPERATION, "UPDATE runs SET outcome = $1, ended_at = $2 WHERE account = $3 AND ended_at IS NULL")
        .bind(RunOutcome::Interrupted)
        .bind(now)
        .bind(account)
        .execute(&mut *transaction)
        .await
        .map(drop)
}

fn read(row: &Row) -> Result<Holder> {
    Ok(Holder { owner: row.get("owner")?, epoch: row.get("epoch")?, expires_at: row.instant("expires_at")? })
}
