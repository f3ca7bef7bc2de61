//! Alerts: what is wrong and waits for somebody to look, and what was.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, Result, SellerId};

use crate::State;
use crate::statement::{Row, sql};
use crate::words::words;

words! {
    /// How bad it is.
    Severity, "severity" {
        /// Numbers are right, but somebody should know.
        Warning = "warning",
        /// Something stands still or is missing until somebody acts.
        Error = "error",
    }
}

words! {
    /// What kind of thing is wrong.
    AlertKind, "kind of alert" {
        /// Amazon refuses an account's token, or the application.
        Account = "account",
        /// An interval that Amazon doesn't answer for.
        Slice = "slice",
        /// A delivery that can't be loaded.
        Load = "load",
        /// A delivery whose units didn't all load.
        HeldBack = "held_back",
        /// Columns that nobody declared.
        Drift = "drift",
        /// A marketplace that nobody knows.
        Marketplace = "marketplace",
        /// A table that can't be made again; its earlier object stands.
        Stage = "stage",
        /// Rows that were published although a check has something to say of them.
        Check = "check",
        /// Rows that a table leaves out, by a check.
        LeftOut = "left_out",
    }
}

impl AlertKind {
    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::Drift | Self::Marketplace | Self::Check => Severity::Warning,
            Self::Account | Self::Slice | Self::Load | Self::HeldBack | Self::Stage | Self::LeftOut => Severity::Error,
        }
    }
}

words! {
    /// Whether it is still wrong.
    AlertState, "state of an alert" {
        /// It is.
        Firing = "firing",
        /// It is mended.
        Resolved = "resolved",
    }
}

/// What may be wrong, named so that raising it again finds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// What kind of thing.
    pub kind: AlertKind,
    /// Whose it is.
    pub seller: SellerId,
    /// The account, where it concerns only one.
    pub account: Option<AccountId>,
    /// Tells those of a kind and seller apart: a partition, a delivery.
    pub about: String,
}

impl Condition {
    /// Of something that is a seller's.
    pub fn of_seller(kind: AlertKind, seller: &SellerId, about: impl Into<String>) -> Self {
        Self { kind, seller: seller.clone(), account: None, about: about.into() }
    }

    /// Of something that is an account's.
    pub fn of_account(kind: AlertKind, account: &AccountId, about: impl Into<String>) -> Self {
        let (seller, account) = (account.seller.clone(), Some(account.clone()));
        Self { kind, seller, account, about: about.into() }
    }

    fn id(&self) -> String {
        let account = self.account.as_ref().map_or(String::new(), ToString::to_string);
        format!("{}:{}:{account}:{}", self.kind, self.seller, self.about)
    }
}

/// Something that is or was wrong: one for each condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What it is.
    pub condition: Condition,
    /// Whether it still is.
    pub state: AlertState,
    /// When it was first raised since it was last resolved.
    pub first_at: DateTime<Utc>,
    /// When it was last raised.
    pub last_at: DateTime<Utc>,
    /// When it was resolved.
    pub resolved_at: Option<DateTime<Utc>>,
    /// What it is about, in a few words.
    pub subject: String,
    /// What happened and what to do, as last raised.
    pub message: String,
}

impl State {
    /// Raises an alert, or says anew what one that fires is about.
    pub async fn raise_alert(
        &self,
        condition: &Condition,
        subject: &str,
        message: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sql(
            "alert.raise",
            "INSERT INTO alerts (id, kind, seller, account, about, severity, state, first_at, last_at, subject, message)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)
             ON CONFLICT (id) DO UPDATE SET last_at = excluded.last_at, subject = excluded.subject,
                 message = excluded.message, state = excluded.state, resolved_at = NULL,
                 first_at = CASE WHEN alerts.state = excluded.state THEN alerts.first_at ELSE excluded.first_at END",
        )
        .bind(condition.id())
        .bind(condition.kind)
        .bind(condition.seller.as_str())
        .bind(condition.account.as_ref().map(ToString::to_string))
        .bind(&condition.about)
        .bind(condition.kind.severity())
        .bind(AlertState::Firing)
        .bind(now)
        .bind(subject)
        .bind(message)
        .execute(self.writer())
        .await
        .map(drop)
    }

    /// Resolves an alert; true if it fired.
    pub async fn resolve_alert(&self, condition: &Condition, now: DateTime<Utc>) -> Result<bool> {
        const OPERATION: &str = "alert.resolve";
        const FIRES: &str = "SELECT id FROM alerts WHERE id = $1 AND state = $2";
        const RESOLVE: &str = "UPDATE alerts SET state = $1, resolved_at = $2 WHERE id = $3 AND state = $4";
        // Nearly always there is nothing to resolve, and asking costs no commit.
        let fires = sql(OPERATION, FIRES).bind(condition.id()).bind(AlertState::Firing).first(self.reader()).await?;
        if fires.is_none() {
            return Ok(false);
        }
        let resolve = sql(OPERATION, RESOLVE).bind(AlertState::Resolved).bind(now);
        resolve.bind(condition.id()).bind(AlertState::Firing).changes(self.writer()).await
    }

    /// What of a kind and seller fires.
    pub async fn firing(&self, kind: AlertKind, seller: &SellerId) -> Result<Vec<Condition>> {
        const LIST: &str = "SELECT * FROM alerts WHERE seller = $1 AND kind = $2 AND state = $3 ORDER BY id";
        let list = sql("alert.list", LIST).bind(seller.as_str()).bind(kind).bind(AlertState::Firing);
        list.all(self.reader()).await?.iter().map(condition).collect()
    }

    /// A seller's alerts, or everybody's, the oldest first, those that are resolved among them.
    pub async fn alerts(&self, seller: Option<&SellerId>) -> Result<Vec<Alert>> {
        const OF_SELLER: &str = "SELECT * FROM alerts WHERE seller = $1 ORDER BY first_at, id";
        const OF_ALL: &str = "SELECT * FROM alerts ORDER BY first_at, id";
        let list = match seller {
            Some(seller) => sql("alert.list", OF_SELLER).bind(seller.as_str()),
            None => sql("alert.list", OF_ALL),
        };
        list.all(self.reader()).await?.iter().map(read).collect()
    }

    /// Forgets alerts that were resolved before then; says how many.
    pub async fn forget_alerts(&self, before: DateTime<Utc>) -> Result<u64> {
        sql("alert.forget", "DELETE FROM alerts WHERE resolved_at < $1").bind(before).execute(self.writer()).await
    }
}

fn condition(row: &Row) -> Result<Condition> {
    Ok(Condition {
        kind: row.parsed("kind")?,
        seller: row.parsed("seller")?,
        account: row.maybe_parsed("account")?,
        about: row.get("about")?,
    })
}

fn read(row: &Row) -> Result<Alert> {
    Ok(Alert {
        condition: condition(row)?,
        state: row.parsed("state")?,
        first_at: row.instant("first_at")?,
        last_at: row.instant("last_at")?,
        resolved_at: row.maybe_instant("resolved_at")?,
        subject: row.get("subject")?,
        message: row.get("message")?,
    })
}
