//! Arguments of what speaks with Amazon.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Subcommand};
use sellerlake_contracts::{AccountId, Region, SellerId};
use sellerlake_query::output::OutputFormat;

/// `account`
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Add an account. Secrets are asked for, or taken from the environment or standard input; never from arguments.
    Add(AddAccount),
    /// List accounts.
    List,
    /// Show one account: marketplaces, Ads profiles, what its last runs brought.
    Show {
        /// The account, such as A3TH9S8BH6GOGM-eu.
        account: AccountId,
    },
    /// Try an account's grants and roles with a few cheap calls, and say what to do about what doesn't work.
    Check {
        /// The account.
        account: AccountId,
        /// Ask Amazon's sandbox instead, operation by operation: no data, no quota, no role is touched.
        #[arg(long)]
        sandbox: bool,
    },
    /// Stop pulling an account; what is queued stays.
    Pause {
        /// The account.
        account: AccountId,
        /// Why, for whoever looks.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Pull an account again that was paused, or whose seller has authorised it again.
    Resume {
        /// The account.
        account: AccountId,
    },
    /// Forget an account with its secrets; what was loaded stays.
    Remove {
        /// The account.
        account: AccountId,
    },
}

/// `account add`
#[derive(Debug, Args)]
#[command(after_help = "\
Secrets come, in this order, from standard input with --stdin (one JSON object with any of client_id, client_secret,
refresh_token, ads_client_id, ads_client_secret, ads_refresh_token), from the environment (SELLERLAKE_CLIENT_ID,
SELLERLAKE_CLIENT_SECRET, SELLERLAKE_REFRESH_TOKEN, SELLERLAKE_ADS_...), or from prompts.")]
pub struct AddAccount {
    /// The selling partner id.
    #[arg(long)]
    pub seller: SellerId,
    /// na, eu or fe.
    #[arg(long)]
    pub region: Region,
    /// Marketplaces to pull, by id, country (ES) or name (amazon.es); all that the seller takes part in by default.
    #[arg(long, value_delimiter = ',')]
    pub marketplaces: Vec<String>,
    /// Read the secrets from standard input.
    #[arg(long)]
    pub stdin: bool,
    /// Don't ask Amazon whether they work.
    #[arg(long, requires = "marketplaces")]
    pub offline: bool,
}

/// `sync`
#[derive(Debug, Args)]
pub struct Sync {
    /// Only these accounts; all that are active by default.
    #[arg(long, value_delimiter = ',')]
    pub account: Vec<AccountId>,
    /// Only these pipelines.
    #[arg(long, value_delimiter = ',')]
    pub pipeline: Vec<String>,
    /// How far back, in days; 0: as far as Amazon answers. The setting amazon.history_days by default.
    #[arg(long)]
    pub days: Option<u32>,
    /// Ask again for what waits for a person.
    #[arg(long)]
    pub retry: bool,
    /// Load only; tables and rollups stay as they are until `sellerlake rollup`.
    #[arg(long)]
    pub no_rollup: bool,
}

/// `backfill`
#[derive(Debug, Args)]
pub struct Backfill {
    /// The account.
    #[arg(long)]
    pub account: AccountId,
    /// The pipelines.
    #[arg(long, value_delimiter = ',', required = true)]
    pub pipeline: Vec<String>,
    /// First day.
    #[arg(long)]
    pub from: NaiveDate,
    /// Last day; yesterday by default.
    #[arg(long)]
    pub to: Option<NaiveDate>,
    /// Load only; tables and rollups stay as they are until `sellerlake rollup`.
    #[arg(long)]
    pub no_rollup: bool,
}

/// `coverage`
#[derive(Debug, Args)]
pub struct Coverage {
    /// Only these accounts.
    #[arg(long, value_delimiter = ',')]
    pub account: Vec<AccountId>,
    /// Only these pipelines.
    #[arg(long, value_delimiter = ',')]
    pub pipeline: Vec<String>,
    /// How far back, in days; 0: as far as Amazon answers.
    #[arg(long)]
    pub days: Option<u32>,
    /// Only what is not there.
    #[arg(long)]
    pub gaps: bool,
    /// table, csv or json.
    #[arg(long, default_value = "table", value_parser = |text: &str| text.parse::<OutputFormat>().map_err(|e| e.message().to_owned()))]
    pub format: OutputFormat,
}

/// `simulate`
#[derive(Debug, Args)]
pub struct Simulate {
    /// Port on the loopback address; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Seed of the world.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Days of history.
    #[arg(long, default_value_t = 90)]
    pub days: u64,
    /// A clock that stands still until a client says that it waits.
    #[arg(long)]
    pub stepped: bool,
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Where to make the lake; a temporary directory by default.
    pub directory: Option<PathBuf>,
    /// Stop after the summary.
    #[arg(long)]
    pub exit: bool,
    /// As far back as each source reaches instead of 90 days.
    #[arg(long)]
    pub full: bool,
}

/// `verify`
#[derive(Debug, Args)]
pub struct Verify {
    /// Rebuild the catalogue from the lake, then whatever is stale.
    #[arg(long)]
    pub repair: bool,
    /// Compare the tables with what a simulator at this address knows to be true.
    #[arg(long, value_name = "URL")]
    pub against: Option<String>,
    /// Work rollups out again with another engine, from the tables' files, and compare; in binaries built with it.
    #[arg(long, conflicts_with_all = ["repair", "against"])]
    pub second_opinion: bool,
    /// The moment to compare at; the newest data by default.
    #[arg(long, requires = "against", value_name = "INSTANT", value_parser = super::instant)]
    pub at: Option<DateTime<Utc>>,
}
