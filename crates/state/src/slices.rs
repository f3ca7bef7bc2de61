//! The ledger of intervals: for every account, pipeline and scope, which time is loaded, and why the rest is not.

use std::collections::BTreeSet;

use chrono::{DateTime, SubsecRound, Timelike, Utc};
use sellerlake_contracts::{AccountId, DeliveryId, Error, Kind, Region, Result, Scope, SellerId, Window};

use crate::accounts::asked;
use crate::failure::strange;
use crate::intervals::{Slice, SliceMark, SliceStatus, overlay};
use crate::statement::{Row, Statement, sql};
use crate::{JobStatus, Leased, State};

/// What a ledger of intervals is of. A pipeline of snapshots uses the day as the interval.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SliceKey {
    /// Whose.
    pub account: AccountId,
    /// Name of the declared pipeline.
    pub pipeline: String,
    /// What one request of it covers.
    pub scope: Scope,
}

/// Which slices to list; an empty filter lists them all.
#[derive(Debug, Clone, Default)]
pub struct SliceFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of this seller, in all regions; not asked where an account is given.
    pub seller: Option<SellerId>,
    /// Of this pipeline.
    pub pipeline: Option<String>,
}

impl Leased {
    /// Says what is known of a window, in place of whatever was said of any part of it; settled neighbours that say
    /// the same become one. Saying it twice is the same as once. The window is whole milliseconds.
    pub async fn cover(&mut self, pipeline: &str, scope: &Scope, window: Window, mark: SliceMark) -> Result<()> {
        const OPERATION: &str = "slice.cover";
        // What overlaps, and what touches: a neighbour may become one with it.
        const TOUCHED: &str = "SELECT * FROM slices WHERE account = $1 AND pipeline = $2 AND scope = $3
                 AND to_ms >= $4 AND from_ms <= $5 ORDER BY from_ms";
        const REMOVE: &str = "DELETE FROM slices WHERE account = $1 AND pipeline = $2 AND scope = $3
                 AND to_ms >= $4 AND from_ms <= $5";
        let window = whole_ms(OPERATION, window)?;
        let account = self.account.clone();
        let of = |text| sql(OPERATION, text).bind(&account).bind(pipeline).bind(&scope.0);
        let touched = |text| of(text).bind(window.from).bind(window.to);
        let rows = touched(TOUCHED).all(&mut self.transaction).await?;
        let known = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        // As it will be read, so that it is compared with its neighbours as they were.
        let kept = |at: DateTime<Utc>| at.trunc_subsecs(3);
        let mark = SliceMark { not_before: mark.not_before.map(kept), ..mark };
        let told = overlay(&known, &Slice { window, mark, updated_at: kept(self.now) });
        touched(REMOVE).execute(&mut self.transaction).await?;
        for slice in &told {
            bound(of(INSERT), slice).execute(&mut self.transaction).await?;
        }
        Ok(())
    }
}

const INSERT: &str = "INSERT INTO slices (account, pipeline, scope, from_ms, to_ms, status, reason, delivery,
         checkpoint, attempt, not_before, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

fn bound(statement: Statement, slice: &Slice) -> Statement {
    let mark = &slice.mark;
    statement
        .bind(slice.window.from)
        .bind(slice.window.to)
        .bind(mark.status)
        .bind(mark.reason.as_deref())
        .bind(mark.delivery.as_ref().map(DeliveryId::as_str))
        .bind(mark.checkpoint.as_deref())
        .bind(mark.attempt)
        .bind(mark.not_before)
        .bind(slice.updated_at)
}

impl State {
    /// What is known of one account, pipeline and scope, in the order of time.
    pub async fn slices(&self, key: &SliceKey) -> Result<Vec<Slice>> {
        const LIST: &str = "SELECT * FROM slices WHERE account = $1 AND pipeline = $2 AND scope = $3 ORDER BY from_ms";
        let list = sql("slice.list", LIST).bind(&key.account).bind(&key.pipeline).bind(&key.scope.0);
        list.all(self.reader()).await?.iter().map(read).collect()
    }

    /// Deliveries that intervals were loaded from, but for rows that could not be read.
    pub async fn lacking_deliveries(&self) -> Result<BTreeSet<DeliveryId>> {
        const LIST: &str = "SELECT DISTINCT delivery FROM slices
             WHERE status = $1 AND reason IS NOT NULL AND delivery IS NOT NULL";
        let rows = sql("slice.list", LIST).bind(SliceStatus::Loaded).all(self.reader()).await?;
        rows.iter().map(|row| row.get::<String>("delivery")?.try_into()).collect()
    }

    /// What was answered for in a scope is to be asked for again, as if Amazon had changed it.
    pub async fn ask_again(&self, account: &AccountId, scope: &Scope, now: DateTime<Utc>) -> Result<()> {
        const ASK: &str = "UPDATE slices SET not_before = $1 WHERE account = $2 AND scope = $3 AND status IN ($4, $5)";
        let ask = sql("slice.ask", ASK).bind(now).bind(account).bind(&scope.0);
        ask.bind(SliceStatus::Loaded).bind(SliceStatus::NoData).execute(self.writer()).await.map(drop)
    }

    /// Forgets that a pipeline asked for a window of a scope, or for anything of it, in whatever region of the seller:
    /// what came is gone.
    pub async fn forget_asked(
        &self,
        seller: &SellerId,
        pipeline: &str,
        scope: &Scope,
        window: Option<Window>,
    ) -> Result<()> {
        const SLICES: &str = "DELETE FROM slices WHERE account = $1 AND pipeline = $2 AND scope = $3
             AND ($4 IS NULL OR (to_ms > $4 AND from_ms < $5))";
        const JOBS: &str = "DELETE FROM jobs WHERE account = $1 AND pipeline = $2 AND scope = $3
             AND ($4 IS NULL OR window_to IS NULL OR (window_to > $4 AND window_from < $5)) AND status = $6";
        for region in Region::ALL {
            let account = AccountId::new(seller, region);
            let of = |text| sql("slice.forget", text).bind(&account).bind(pipeline).bind(&scope.0);
            let within = |text| of(text).bind(window.map(|window| window.from)).bind(window.map(|window| window.to));
            within(SLICES).execute(self.writer()).await?;
            within(JOBS).bind(JobStatus::Done).execute(self.writer()).await?;
        }
        Ok(())
    }

    /// Forgets the intervals that were loaded from a delivery: they are missing, and asked for again.
    pub async fn forget_loaded(&self, delivery: &DeliveryId) -> Result<()> {
        const FORGET: &str = "DELETE FROM slices WHERE delivery = $1";
        sql("slice.forget", FORGET).bind(delivery.as_str()).execute(self.writer()).await.map(drop)
    }

    /// Says of the intervals loaded from a delivery what of it can't be read now; `None`: everything can.
    pub async fn tell_lack(&self, delivery: &DeliveryId, lack: Option<&str>) -> Result<()> {
        const TELL: &str = "UPDATE slices SET reason = $1 WHERE delivery = $2 AND status = $3";
        let tell = sql("slice.tell", TELL).bind(lack).bind(delivery.as_str()).bind(SliceStatus::Loaded);
        tell.execute(self.writer()).await.map(drop)
    }

    /// What is known of many, sorted by account, pipeline, scope and time.
    pub async fn all_slices(&self, filter: &SliceFilter) -> Result<Vec<(SliceKey, Slice)>> {
        let accounts = asked(filter.account.as_ref(), filter.seller.as_ref());
        let list = sql("slice.list", if accounts.is_some() { OF_ACCOUNTS } else { OF_ALL });
        let list = accounts.iter().flatten().fold(list.bind(filter.pipeline.as_deref()), Statement::bind);
        let rows = list.all(self.reader()).await?;
        rows.iter().map(|row| Ok((read_key(row)?, read(row)?))).collect()
    }
}

// Written out twice, because no index serves `$2 IS NULL OR account = $2`.
const OF_ACCOUNTS: &str = "SELECT * FROM slices WHERE ($1 IS NULL OR pipeline = $1) AND account IN ($2, $3, $4)
     ORDER BY account, pipeline, scope, from_ms";
const OF_ALL: &str = "SELECT * FROM slices WHERE $1 IS NULL OR pipeline = $1
     ORDER BY account, pipeline, scope, from_ms";

fn whole_ms(operation: &'static str, window: Window) -> Result<Window> {
    let whole = |at: DateTime<Utc>| at.nanosecond().is_multiple_of(1_000_000);
    if window.from < window.to && whole(window.from) && whole(window.to) {
        return Ok(window);
    }
    Err(Error::permanent(Kind::Internal, "a slice is a span of whole milliseconds")
        .at(operation)
        .with("window", window))
}

fn read_key(row: &Row) -> Result<SliceKey> {
    Ok(SliceKey { account: row.parsed("account")?, pipeline: row.get("pipeline")?, scope: Scope(row.get("scope")?) })
}

fn read(row: &Row) -> Result<Slice> {
    let delivery: Option<String> = row.get("delivery")?;
    let mark = SliceMark {
        status: row.parsed("status")?,
        reason: row.get("reason")?,
        delivery: delivery.map(DeliveryId::try_from).transpose()?,
        checkpoint: row.get("checkpoint")?,
        attempt: row.count("attempt")? as u32,
        not_before: row.maybe_instant("not_before")?,
    };
    let window = Window::new(row.instant("from_ms")?, row.instant("to_ms")?);
    let window = window.map_err(|error| strange("slice.list", "to_ms", "").source(error))?;
    Ok(Slice { window, mark, updated_at: row.instant("updated_at")? })
}
