//! `sellerlake verify --against`: what the lake says, beside what a simulator knows to be true.
//!
//! The world goes on while it is pulled, so the truth is asked for twice: as of the moment up to which the lake must
//! know, and as of now. What is the same in both must stand in the lake just so; what moved in between may be either, and
//! so may a day that was read before and isn't due to be read again yet.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::process::ExitCode;

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};
use sellerlake_contracts::{AccountId, Error, Kind, Result};
use sellerlake_pipelines::{Granted, Workspace};
use sellerlake_query::output::{OutputFormat, write};
use sellerlake_state::{AccountFilter, SliceFilter, SliceStatus};
use serde_json::{Map, Value};

use crate::commands::comparisons::{COMPARISONS, Comparison};
use crate::printer;

type Row = Map<String, Value>;

/// A list's rows: their values by their key.
type Rows = BTreeMap<Vec<String>, Vec<String>>;

/// Differences shown of one list.
const SHOWN: usize = 5;

/// Zones are at most so far from UTC; a local day is over everywhere by then.
const ZONES: TimeDelta = TimeDelta::hours(14);

pub(crate) async fn run(workspace: &Workspace, url: &str, at: Option<DateTime<Utc>>) -> Result<ExitCode> {
    let now = at.unwrap_or_else(|| workspace.clock().now());
    let mut grid = vec![
        ["account", "what", "in both", "still moving", "only true", "only here", "different"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let (mut differences, mut compared, mut untold, mut details) = (0, 0, 0, Vec::new());
    for account in workspace.state().accounts(&AccountFilter::default()).await? {
        let id: AccountId = account.id.to_string().parse()?;
        let newest = truth(url, &id, now).await?;
        let mut told: BTreeMap<DateTime<Utc>, Value> = BTreeMap::new();
        for comparison in &COMPARISONS {
            let known = known_until(workspace, &account.id, comparison).await?;
            let first = first_day(workspace, &account.id, comparison, &newest).await?;
            let hindrance = match known {
                Some(_) => hindrance(workspace, &id, comparison, &newest, first).await?,
                None => Some("nothing was pulled".to_owned()),
            };
            let (Some(known), None) = (known, &hindrance) else {
                grid.push(vec![id.to_string(), comparison.name.to_owned(), hindrance.unwrap_or_default()]);
                untold += 1;
                continue;
            };
            let known = known.min(now);
            if let Entry::Vacant(untold) = told.entry(known) {
                untold.insert(truth(url, &id, known).await?);
            }
            let [newest, settled] = [&newest, &told[&known]].map(|truth| listed(truth, comparison, first));
            let lake = lake(workspace, &id, comparison, first).await?;
            let mut found = compare(&lake, &newest, &settled);
            excuse(&mut found, workspace, url, &id, comparison, &lake).await?;
            compared += found.equal;
            differences += found.missing.len() + found.surplus.len() + found.different.len();
            grid.push(vec![
                id.to_string(),
                comparison.name.to_owned(),
                found.equal.to_string(),
                found.moving.to_string(),
                found.missing.len().to_string(),
                found.surplus.len().to_string(),
                found.different.len().to_string(),
            ]);
            details.extend(found.lines(&format!("{id} {}", comparison.name)));
        }
    }
    printer::grid(&grid);
    details.iter().for_each(printer::note);
    if untold > 0 {
        printer::note(format!("{untold} of these could not be compared, for the reasons beside them"));
    }
    printer::note(match (differences, compared) {
        (0, 0) => "there was nothing to compare".to_owned(),
        (0, compared) => format!("the lake says what is true, in {compared} facts"),
        (differences, _) => format!("{differences} differences"),
    });
    Ok(if differences == 0 && compared > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What comparing found.
#[derive(Default)]
struct Found {
    equal: u64,
    moving: u64,
    missing: Vec<String>,
    surplus: Vec<String>,
    /// By key.
    different: BTreeMap<Vec<String>, String>,
}

impl Found {
    fn lines(&self, what: &str) -> Vec<String> {
        let different = self.different.values().cloned().collect();
        let kinds = [("only true", &self.missing), ("only here", &self.surplus), ("different", &different)];
        let lines = kinds
            .into_iter()
            .flat_map(|(kind, rows)| rows.iter().take(SHOWN).map(move |row| format!("{what}: {kind}: {row}")));
        lines.collect()
    }
}

fn compare(lake: &Rows, newest: &Rows, settled: &Rows) -> Found {
    let mut found = Found::default();
    for (key, values) in newest {
        let shown = || format!("{} {}", key.join(" "), values.join(" "));
        match lake.get(key) {
            Some(here) if here == values => found.equal += 1,
            _ if settled.get(key) != Some(values) => found.moving += 1,
            None => found.missing.push(shown()),
            Some(here) => {
                found.different.insert(key.clone(), format!("{}, here {}", shown(), here.join(" ")));
            }
        }
    }
    for (key, values) in lake.iter().filter(|(key, _)| !newest.contains_key(*key)) {
        if settled.contains_key(key) {
            found.moving += 1;
        } else {
            found.surplus.push(format!("{} {}", key.join(" "), values.join(" ")));
        }
    }
    found
}

/// Takes what was true when it was read, and isn't due to be read again yet, out of the differences: a scope's days that
/// are restated for weeks are asked for once a week.
async fn excuse(
    found: &mut Found,
    workspace: &Workspace,
    url: &str,
    id: &AccountId,
    comparison: &Comparison,
    lake: &Rows,
) -> Result<()> {
    let mut truths: BTreeMap<DateTime<Utc>, Rows> = BTreeMap::new();
    for key in found.different.keys().cloned().collect::<Vec<_>>() {
        for read in not_due(workspace, id, comparison, &key).await? {
            if let Entry::Vacant(unread) = truths.entry(read) {
                unread.insert(listed(&truth(url, id, read).await?, comparison, None));
            }
            if truths.get(&read).and_then(|rows| rows.get(&key)) == lake.get(&key) {
                found.different.remove(&key);
                found.moving += 1;
                break;
            }
        }
    }
    Ok(())
}

/// When the day and scope that a key begins with were read, by each pipeline, where none of them is due again.
async fn not_due(
    workspace: &Workspace,
    id: &AccountId,
    comparison: &Comparison,
    key: &[String],
) -> Result<Vec<DateTime<Utc>>> {
    let [day, scope, ..] = key else { return Ok(Vec::new()) };
    let Ok(day) = day.parse::<NaiveDate>() else { return Ok(Vec::new()) };
    let filter = SliceFilter { account: Some(id.clone()), ..SliceFilter::default() };
    let mut read = Vec::new();
    for (of, slice) in workspace.state().all_slices(&filter).await? {
        let is_day = slice.window.from.date_naive() <= day && day < slice.window.to.date_naive();
        if !is_day || of.scope.to_string() != *scope || !comparison.pipelines.contains(&of.pipeline.as_str()) {
            continue;
        }
        let is_good = matches!(slice.mark.status, SliceStatus::Loaded | SliceStatus::NoData);
        if !is_good || slice.mark.not_before.is_none_or(|again| again <= workspace.clock().now()) {
            return Ok(Vec::new());
        }
        read.push(slice.updated_at);
    }
    Ok(read)
}

async fn truth(url: &str, account: &AccountId, at: DateTime<Utc>) -> Result<Value> {
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let address = format!("{}/truth/{}?at={at}", url.trim_end_matches('/'), account.seller);
    let failed = |error: reqwest::Error| {
        Error::transient(Kind::Unreachable, "no simulator tells the truth there")
            .at("verify.truth")
            .with("address", &address)
            .source(error)
            .hint("`sellerlake simulate` and `sellerlake demo` print their address")
    };
    let client = reqwest::Client::builder().no_proxy().build().map_err(failed)?;
    let answer = client.get(&address).send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
    let bytes = answer.bytes().await.map_err(failed)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::permanent(Kind::Remote, "the truth isn't JSON").with("address", &address).source(error))
}

/// The moment up to which every scope of the pipelines has been answered for; `None` if any has nothing.
async fn known_until(
    workspace: &Workspace,
    account: &AccountId,
    comparison: &Comparison,
) -> Result<Option<DateTime<Utc>>> {
    let mut newest: BTreeMap<(String, String), DateTime<Utc>> = BTreeMap::new();
    for (key, window, told) in answered(workspace, account, comparison).await? {
        let until = told.min(window.to - if key.0 == "all_orders" { TimeDelta::zero() } else { ZONES });
        let newest = newest.entry(key).or_insert(until);
        *newest = until.max(*newest);
    }
    let has_all = comparison.pipelines.iter().all(|name| newest.keys().any(|(pipeline, _)| pipeline == name));
    Ok(newest.values().min().copied().filter(|_| has_all))
}

/// The first day that every scope has been answered for, and whose rows need nothing earlier; earlier rows are not
/// compared.
async fn first_day(
    workspace: &Workspace,
    account: &AccountId,
    comparison: &Comparison,
    truth: &Value,
) -> Result<Option<NaiveDate>> {
    let mut first: BTreeMap<(String, String), DateTime<Utc>> = BTreeMap::new();
    for (key, window, _) in answered(workspace, account, comparison).await? {
        let earliest = first.entry(key).or_insert(window.from);
        *earliest = window.from.min(*earliest);
    }
    // The day after, because days are local ones.
    let pulled = first.values().max().and_then(|from| from.date_naive().checked_add_days(Days::new(2)));
    let has_earlier = rows(truth, comparison).filter_map(day).any(|day| pulled.is_some_and(|first| day < first));
    let back = Days::new(if has_earlier { comparison.reaches_back } else { 0 });
    Ok(pulled.and_then(|first| first.checked_add_days(back)))
}

type Answered = ((String, String), sellerlake_contracts::Window, DateTime<Utc>);

async fn answered(workspace: &Workspace, account: &AccountId, comparison: &Comparison) -> Result<Vec<Answered>> {
    let filter = SliceFilter { account: Some(account.clone()), ..SliceFilter::default() };
    let slices = workspace.state().all_slices(&filter).await?.into_iter();
    let of = slices.filter(|(key, slice)| {
        comparison.pipelines.contains(&key.pipeline.as_str())
            && matches!(slice.mark.status, SliceStatus::Loaded | SliceStatus::NoData)
    });
    Ok(of.map(|(key, slice)| ((key.pipeline, key.scope.to_string()), slice.window, slice.updated_at)).collect())
}

fn rows<'a>(truth: &'a Value, comparison: &Comparison) -> impl Iterator<Item = &'a Row> {
    let rows = truth.get(comparison.list).and_then(Value::as_array).into_iter().flatten();
    rows.filter_map(Value::as_object)
}

fn listed(truth: &Value, comparison: &Comparison, first: Option<NaiveDate>) -> Rows {
    rows(truth, comparison).filter(|row| is_wanted(row, first)).map(|row| split(row, comparison)).collect()
}

async fn lake(
    workspace: &Workspace,
    id: &AccountId,
    comparison: &Comparison,
    first: Option<NaiveDate>,
) -> Result<Rows> {
    let rows = asked(workspace, id, comparison.sql).await?.into_iter();
    Ok(rows.filter(|row| is_wanted(row, first)).map(|row| split(&row, comparison)).collect())
}

async fn asked(workspace: &Workspace, id: &AccountId, statement: &str) -> Result<Vec<Row>> {
    let granted = Granted::Sellers([id.seller.clone()].into());
    let mut text = Vec::new();
    write(workspace.asking.ask(statement, &granted).await?, OutputFormat::Json, &mut text).await?;
    let lines = std::str::from_utf8(&text).unwrap_or_default().lines();
    Ok(lines.filter_map(|line| serde_json::from_str::<Row>(line).ok()).collect())
}

/// Why what was pulled says too little to be compared.
async fn hindrance(
    workspace: &Workspace,
    id: &AccountId,
    comparison: &Comparison,
    truth: &Value,
    first: Option<NaiveDate>,
) -> Result<Option<String>> {
    let is_earlier = |day: NaiveDate| first.is_some_and(|first| day < first);
    if comparison.whole && rows(truth, comparison).filter_map(day).any(is_earlier) {
        return Ok(Some("its beginning wasn't pulled".to_owned()));
    }
    for list in comparison.lists {
        if asked(workspace, id, &format!("SELECT 1 FROM {list} LIMIT 1")).await?.is_empty() {
            return Ok(Some(format!("{list} is empty")));
        }
    }
    Ok(None)
}

/// The day a row is of, where it is of one.
fn day(row: &Row) -> Option<NaiveDate> {
    let dated = ["local_day", "day", "ended_at"];
    dated.iter().find_map(|name| row.get(*name)?.as_str()?.get(..10)?.parse().ok())
}

fn is_wanted(row: &Row, first: Option<NaiveDate>) -> bool {
    day(row).is_none_or(|day| first.is_none_or(|first| day >= first))
}

fn split(row: &Row, comparison: &Comparison) -> (Vec<String>, Vec<String>) {
    let cells = |names: &[&str]| names.iter().map(|name| plain(row.get(*name))).collect();
    (cells(comparison.key), cells(comparison.values))
}

/// A value as text that compares: numbers without trailing zeros, nothing as nothing.
fn plain(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => return "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let is_decimal =
        text.contains('.') && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    if !is_decimal {
        return text;
    }
    match text.trim_end_matches('0').trim_end_matches('.') {
        "-0" | "" => "0".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_value() {
        let of = |text: &str| plain(Some(&Value::from(text)));
        assert_eq!(
            [of("12.3400"), of("12.00"), of("0.0000"), of("100"), of("A.0")],
            ["12.34", "12", "0", "100", "A.0"]
        );
        assert_eq!(plain(None), "-");
    }

    #[test]
    fn what_moved_may_be_either() {
        let rows = |pairs: &[(&str, &str)]| -> Rows {
            pairs.iter().map(|(key, value)| (vec![(*key).to_owned()], vec![(*value).to_owned()])).collect()
        };
        let newest = rows(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]);
        let settled = rows(&[("a", "1"), ("b", "1"), ("c", "3"), ("d", "4")]);
        let found = compare(&rows(&[("a", "1"), ("b", "1"), ("c", "5"), ("e", "1")]), &newest, &settled);
        let counts = (found.equal, found.moving, found.missing.len(), found.surplus.len(), found.different.len());
        assert_eq!(counts, (1, 1, 1, 1, 1));
    }
}
