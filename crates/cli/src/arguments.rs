//! The command line as types.

mod pulling;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand};
use sellerlake_contracts::{Month, SellerId, Window};
use sellerlake_pipelines::Show;
use sellerlake_query::output::OutputFormat;

pub use pulling::{AccountCommand, AddAccount, Backfill, Coverage, Demo, Simulate, Sync, Verify};

/// An Amazon seller's numbers as a Parquet lake that answers SQL.
#[derive(Debug, Parser)]
#[command(name = "sellerlake", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 wrong arguments, declarations or SQL, 3 done in part.")]
pub struct Arguments {
    /// Settings file.
    #[arg(long, global = true, default_value = "sellerlake.toml", env = "SELLERLAKE_CONFIG", value_name = "FILE")]
    pub config: PathBuf,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a settings file and an empty lake here.
    Init(Init),
    /// Three invented sellers at a simulated Amazon, pulled into a lake; needs nothing.
    Demo(Demo),
    /// Check every declaration and report all mistakes at once.
    Check,
    /// Whose data is pulled: add accounts, look at them, stop them.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Pull what accounts lack, load it, and bring tables and rollups up to date.
    Sync(Sync),
    /// Pull history.
    Backfill(Backfill),
    /// Show what is there of the time that could be had, and why the rest isn't.
    Coverage(Coverage),
    /// Stand in for Amazon on this machine, until interrupted.
    Simulate(Simulate),
    /// List what can be ingested.
    Sources {
        /// Show one source: its columns and how its documents are read.
        name: Option<String>,
    },
    /// Read report files into the lake and bring tables and rollups up to date.
    Ingest(Ingest),
    /// Decode everything in raw/ again, and rebuild what follows; or make the lake as it was known on a day.
    Replay(Replay),
    /// Say what moved in closed months since a day, and which documents moved it.
    Changed(ChangedSince),
    /// Take a delivery back, as if it had never come.
    Withdraw(Withdraw),
    /// Bring tables and rollups up to date with their inputs.
    Rollup {
        /// Only this seller.
        #[arg(long)]
        seller: Option<SellerId>,
        /// Only this table or rollup, from its inputs as they stand; may be given several times.
        #[arg(long, value_name = "NAME")]
        table: Vec<String>,
    },
    /// Ask the lake.
    Sql(Sql),
    /// List tables, or show one: its columns, what they mean, how fresh it is.
    Tables {
        /// Table, rollup or source.
        name: Option<String>,
    },
    /// Read the whole lake again and say where it isn't what it claims to be.
    Verify(Verify),
    /// Print a completion script for a shell.
    Completions {
        /// bash, zsh, fish, elvish or powershell.
        shell: clap_complete::Shell,
    },
}

/// `init`
#[derive(Debug, Args)]
pub struct Init {
    /// Directory; made if it doesn't exist.
    #[arg(default_value = ".")]
    pub directory: PathBuf,
    /// Print the settings file instead of writing it.
    #[arg(long)]
    pub print: bool,
}

/// `ingest`
#[derive(Debug, Args)]
pub struct Ingest {
    /// What the files are: a source's name or Amazon's report type (`sellerlake sources` lists them).
    #[arg(long)]
    pub source: String,
    /// Whose data it is: the selling partner id. `shared`: a list (costs, rates, taxes) that holds for all sellers.
    #[arg(long)]
    pub seller: SellerId,
    /// The one marketplace the report was asked for: its id, its country (ES) or its name (amazon.es).
    #[arg(long)]
    pub marketplace: Option<String>,
    /// What the request covered, where it isn't the marketplace or the whole account: an Ads profile id, a region.
    #[arg(long)]
    pub scope: Option<String>,
    /// The span that was asked for: two days (both included) or two instants.
    #[arg(long, value_name = "FROM..TO")]
    pub window: Option<Window>,
    /// The moment the data was true, where the file doesn't say; now, for lists kept by hand.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub as_of: Option<DateTime<Utc>>,
    /// The charset label that came with the file.
    #[arg(long)]
    pub charset: Option<String>,
    /// Whether day or month comes first in dates such as 03/04/2026, where nothing else says so.
    #[arg(long, value_name = "ORDER", value_parser = ["dmy", "mdy"])]
    pub day_order: Option<String>,
    /// What stands before decimals in numbers such as 1,234, where nothing else says so.
    #[arg(long, value_name = "MARK", value_parser = ["comma", "point"])]
    pub decimal: Option<String>,
    /// The files are pages of one answer, in this order.
    #[arg(long)]
    pub pages: bool,
    /// Keep buyers' personal columns, which are dropped otherwise.
    #[arg(long)]
    pub allow_personal_data: bool,
    /// Load only; tables and rollups stay as they are until `sellerlake rollup`.
    #[arg(long)]
    pub no_rollup: bool,
    /// The files; each is one delivery unless --pages.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// `replay`
#[derive(Debug, Args)]
pub struct Replay {
    /// Only this source.
    #[arg(long)]
    pub source: Option<String>,
    /// Only this seller.
    #[arg(long)]
    pub seller: Option<SellerId>,
    /// Only what had come by the end of this day (UTC), or by this instant; the lake stays as it is.
    #[arg(long, value_name = "DAY", value_parser = end, requires = "into", conflicts_with = "source")]
    pub until: Option<DateTime<Utc>>,
    /// Where to make the lake as it was known: a directory that is empty or doesn't exist.
    #[arg(long, value_name = "DIR", requires = "until")]
    pub into: Option<PathBuf>,
}

/// `changed`
#[derive(Debug, Args)]
pub struct ChangedSince {
    /// What was known at the end of this day (UTC), or at this instant, is compared with what is known now.
    #[arg(long, value_name = "DAY", value_parser = end)]
    pub since: DateTime<Utc>,
    /// Only this month (yyyy-mm), by the days of its marketplaces; otherwise all that had ended by then.
    #[arg(long, value_parser = |text: &str| text.parse::<Month>().map_err(|_| "write it as 2026-03".to_owned()))]
    pub month: Option<Month>,
    /// Only this seller.
    #[arg(long)]
    pub seller: Option<SellerId>,
    /// categories, lines or documents. Without it a table shows all three, other formats the lines.
    #[arg(long, value_parser = |text: &str| text.parse::<Show>().map_err(|e| e.message().to_owned()))]
    pub show: Option<Show>,
    /// table, csv, json (one object a line) or parquet.
    #[arg(long, default_value = "table", value_parser = |text: &str| text.parse::<OutputFormat>().map_err(|e| e.message().to_owned()))]
    pub format: OutputFormat,
    /// Write to this file.
    #[arg(long, short)]
    pub output: Option<PathBuf>,
}

/// `withdraw`
#[derive(Debug, Args)]
pub struct Withdraw {
    /// The delivery's id, or how it begins; `meta.deliveries` lists them.
    pub delivery: String,
    /// Do it; without this it is only said what would be done.
    #[arg(long)]
    pub yes: bool,
}

/// `sql`
#[derive(Debug, Args)]
pub struct Sql {
    /// table, csv, json (one object a line) or parquet.
    #[arg(long, default_value = "table", value_parser = |text: &str| text.parse::<OutputFormat>().map_err(|e| e.message().to_owned()))]
    pub format: OutputFormat,
    /// See only these sellers.
    #[arg(long, value_delimiter = ',')]
    pub seller: Vec<SellerId>,
    /// Write to this file.
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// One statement; `-` reads it from standard input.
    pub statement: String,
}

/// The last moment of a day, or an instant.
fn end(text: &str) -> Result<DateTime<Utc>, String> {
    let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d");
    match day.ok().and_then(|day| day.and_hms_nano_opt(23, 59, 59, 999_999_999)) {
        Some(last) => Ok(last.and_utc()),
        None => instant(text),
    }
}

fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text)
        .map(|instant| instant.to_utc())
        .map_err(|_| "write 2026-04-01 or 2026-04-01T06:00:00Z".to_owned())
}
