//! What moved in closed months since an earlier day, and which documents moved it.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray, TimestampMillisecondArray, UInt64Array};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sellerlake_contracts::{Delivery, Error, Kind, Month, Result, SellerId};
use sellerlake_query::{Answer, LAKE, meta};
use sellerlake_state::DeliveryStatus;

use crate::history::known::{self, KnownLake};
use crate::history::moved::{self, Bench, Days, texts};
use crate::history::movers::{Moment, Mover, Movers, Search, pass_on};
use crate::progress::Progress;
use crate::{Granted, Workspace};

/// What is compared.
#[derive(Debug, Clone)]
pub struct Since {
    /// What had come by this moment is compared with what is known now.
    pub moment: DateTime<Utc>,
    /// Only this month; all that had ended by then otherwise.
    pub month: Option<Month>,
    /// Only this seller.
    pub seller: Option<SellerId>,
}

/// What of a comparison is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Sums by month and category.
    Categories,
    /// The lines that moved, each with the documents that moved it.
    Lines,
    /// The documents.
    Documents,
}

impl FromStr for Show {
    type Err = Error;

    fn from_str(value: &str) -> Result<Self> {
        match value {
            "categories" => Ok(Self::Categories),
            "lines" => Ok(Self::Lines),
            "documents" => Ok(Self::Documents),
            _ => {
                Err(Error::permanent(Kind::Usage, format!("{value:?} can't be shown: categories, lines or documents")))
            }
        }
    }
}

impl Show {
    fn sql(self) -> &'static str {
        match self {
            Self::Categories => CATEGORIES,
            Self::Lines => {
                "SELECT * FROM lines ORDER BY seller_id, month, what, category, day, order_id, sku, currency"
            }
            Self::Documents => "SELECT * FROM documents ORDER BY source, fetched_at, delivery_id",
        }
    }
}

const CATEGORIES: &str = "
    WITH moved AS (
        SELECT
            seller_id, month, what, category, marketplace_id, currency, count(*) AS lines,
            sum(amount_moved) AS amount_moved, sum(units_moved) AS units_moved
        FROM lines
        GROUP BY seller_id, month, what, category, marketplace_id, currency
    )
    SELECT
        m.seller_id, m.month, m.what, m.category, m.marketplace_id, m.currency, m.lines,
        t.amount_then, t.amount_now, m.amount_moved, t.units_then, t.units_now, m.units_moved
    FROM moved AS m
    INNER JOIN totals AS t
        ON m.seller_id = t.seller_id AND m.month = t.month AND m.what = t.what AND m.category = t.category
        AND coalesce(m.marketplace_id, '') = coalesce(t.marketplace_id, '')
        AND coalesce(m.currency, '') = coalesce(t.currency, '')
    ORDER BY m.seller_id, m.month, m.what, m.category, m.marketplace_id, m.currency";

const LINES: &str = "
    SELECT
        l.seller_id, substr(CAST(l.day AS VARCHAR), 1, 7) AS month, l.what, l.category, l.day, l.marketplace_id,
        l.currency, l.order_id, l.sku, l.amount_then, l.amount_now, l.amount_moved, l.units_then, l.units_now,
        l.units_moved, t.delivery_ids, t.sources, t.raw_paths
    FROM ($lines) AS l
    INNER JOIN traced AS t ON l.what = t.what AND l.line_key = t.line_key";

/// What moved.
pub struct Changed {
    bench: Bench,
    /// Lines that moved.
    pub lines: u64,
    /// Those of them that no document of their own moved.
    pub undocumented: u64,
    /// Deliveries that came since.
    pub later: u64,
    /// Why what was compared may not be whole.
    pub doubts: Vec<String>,
}

impl Changed {
    /// The answer as rows.
    pub async fn answer(&self, show: Show) -> Result<Answer> {
        self.bench.session().sql(show.sql()).await
    }
}

/// Makes the lake as it was known at a moment, in a private folder, and compares it with the lake as it stands: every
/// declared change, line by line. Each line that moved is traced to the deliveries whose rows differ.
pub async fn changed(workspace: &Workspace, since: &Since, progress: &dyn Progress) -> Result<Changed> {
    let folder = workspace.lake().spill_folder()?;
    let Since { moment, seller, .. } = since;
    let means = (workspace.objects.shared.budget.clone(), Arc::clone(workspace.clock()));
    let into = folder.path().join("then");
    let known =
        Box::pin(known::make(workspace.settings(), workspace.lake(), *moment, seller.as_ref(), &into, means, progress))
            .await?;
    refuse_damaged(&known)?;
    let granted = seller.clone().map_or(Granted::All, |seller| Granted::Sellers([seller].into()));
    let doubts = doubts(workspace, &known, since, &granted).await?;
    let compared = compare(workspace, &known, &granted, days(since)).await?;
    let found = compared.finish(&known, doubts).await;
    known.workspace.state().close().await;
    found
}

async fn compare(workspace: &Workspace, known: &KnownLake, granted: &Granted, days: Days) -> Result<Compared> {
    let then = &known.workspace;
    let granted = &match granted {
        Granted::Sellers(sellers) => Granted::Sellers(sellers.iter().cloned().chain([SellerId::shared()]).collect()),
        Granted::All => Granted::All,
    };
    let (objects_then, objects_now) = (then.asking.standing(granted).await?, workspace.asking.standing(granted).await?);
    let sessions = [
        ("then", then.asking.session_of(&objects_then, granted)?),
        ("now", workspace.asking.session_of(&objects_now, granted)?),
    ];
    let mut builder = workspace.asking.session_builder();
    (builder.row_limit, builder.timeout) = (None, None);
    let bench = Bench::new(builder.build()?);
    let ids: BTreeSet<String> = known.deliveries.iter().map(|delivery| delivery.id.to_string()).collect();
    let mut search = Search {
        bench: &bench,
        then: Moment { name: "then", reader: &then.objects.reader, objects: &objects_then },
        now: Moment { name: "now", reader: &workspace.objects.reader, objects: &objects_now },
        known: &ids,
        ready: BTreeMap::new(),
    };
    let (mut lines, mut totals) = (Vec::new(), Vec::new());
    let (mut keys, mut movers) = (BTreeMap::new(), BTreeMap::new());
    for change in workspace.declarations().changes.values() {
        let wrong = |error: Error| error.with("file", &change.file);
        for (moment, session) in &sessions {
            let view = session.view(&moved::lines(change, days)).await.map_err(wrong)?;
            bench.session().register(LAKE, &moved::lines_of(change, moment), view)?;
        }
        let (moved, rows) = bench.keep(&moved::moved(change)).await.map_err(wrong)?;
        if rows > 0 {
            let source = |name: &str| workspace.declarations().schemas.source(name).cloned();
            movers.insert(change.name.clone(), search.movers(change, &moved, source).await.map_err(wrong)?);
            let found = bench.rows(&format!("SELECT line_key FROM {moved}")).await?;
            keys.insert(change.name.clone(), texts(&found)?);
        }
        lines.push(format!("SELECT * FROM {moved}"));
        totals.push(format!("SELECT * FROM {}", bench.keep(&moved::totals(change)).await?.0));
    }
    let changes = workspace.declarations().changes.values().filter(|change| keys.contains_key(&change.name));
    while changes.clone().any(|change| pass_on(change, &keys[&change.name], &mut movers)) {}
    bench.keep_as("totals", &totals.join(" UNION ALL ")).await?;
    let keys = keys.into_iter().flat_map(|(what, keys)| keys.into_iter().map(move |key| (what.clone(), key)));
    Ok(Compared { lines: lines.join(" UNION ALL "), keys: keys.collect(), bench, movers })
}

/// Why the two lakes may not be what was known then and is known now.
async fn doubts(workspace: &Workspace, known: &KnownLake, since: &Since, granted: &Granted) -> Result<Vec<String>> {
    let mut doubts = Vec::new();
    let failed = known.replayed.rebuilt.iter().flat_map(|rebuilt| &rebuilt.failed);
    doubts.extend(failed.map(|failure| format!("as known then, {}: {}", failure.partition, failure.reason)));
    for seller in workspace.objects.sellers().await? {
        let catalogue = workspace.objects.catalogue(&seller).await?;
        let asked = since.seller.as_ref().is_none_or(|asked| *asked == seller);
        let stages = workspace.declarations().stages.values();
        if asked && stages.into_iter().any(|stage| !workspace.rebuilding.stale(stage, &catalogue, None).is_empty()) {
            doubts.push(format!("tables of seller {seller} aren't up to date: run `sellerlake rollup` first"));
        }
    }
    let standing: BTreeSet<_> = known.deliveries.iter().chain(&known.later).map(|delivery| &delivery.id).collect();
    let (mut waiting, mut gone) = (0, 0);
    for record in workspace.asking.deliveries(granted).await? {
        waiting += u64::from(record.status == DeliveryStatus::Landed);
        let stands =
            matches!(record.status, DeliveryStatus::Loaded | DeliveryStatus::InPart | DeliveryStatus::HeldBack);
        let was_known = stands && record.fetched_at <= since.moment;
        gone += u64::from(was_known && !standing.contains(&record.id));
    }
    if !known.withdrawn.is_empty() {
        doubts.push(format!(
            "{} deliveries that were known then were taken back since: what they said is left out",
            known.withdrawn.len()
        ));
    }
    if waiting > 0 {
        doubts.push(format!("{waiting} deliveries are landed and not loaded: run `sellerlake rollup` first"));
    }
    if gone > 0 {
        doubts.push(format!(
            "{gone} deliveries that were known then are no longer in raw/: what they said counts as new"
        ));
    }
    Ok(doubts)
}

/// What a comparison found.
struct Compared {
    bench: Bench,
    /// SELECT of the lines that moved.
    lines: String,
    /// Change and key of each of them.
    keys: Vec<(String, String)>,
    movers: BTreeMap<String, Movers>,
}

impl Compared {
    /// Makes the tables that answers are read from.
    async fn finish(self, known: &KnownLake, doubts: Vec<String>) -> Result<Changed> {
        let Self { bench, lines, keys, movers } = self;
        let landed: BTreeMap<String, &Delivery> =
            known.deliveries.iter().chain(&known.later).map(|landed| (landed.id.to_string(), landed)).collect();
        let documents = documents(&movers, &landed)?;
        let traced = traced(&keys, &movers, &landed)?;
        let found = traced.column(2).null_count() as u64;
        bench.session().register(LAKE, "documents", meta::rows(documents.schema(), vec![documents])?)?;
        bench.session().register(LAKE, "traced", meta::rows(traced.schema(), vec![traced])?)?;
        let lines = bench.keep_as("lines", &LINES.replace("$lines", &lines)).await? as u64;
        Ok(Changed { bench, lines, undocumented: found, later: known.later.len() as u64, doubts })
    }
}

/// The days of a month, or of all months that had ended.
fn days(since: &Since) -> Days {
    let first = |month: Month| month.first_day();
    match since.month {
        Some(month) => Days { from: Some(first(month)), before: month.plus(1).map_or(NaiveDate::MAX, first) },
        // The day after the moment: at the end of March 31st, March has ended.
        None => Days { from: None, before: first(Month::of_instant(since.moment + TimeDelta::milliseconds(1))) },
    }
}

fn refuse_damaged(known: &KnownLake) -> Result<()> {
    let Some(first) = known.damaged.first() else { return Ok(()) };
    let problem = format!("{} deliveries that were known then can't be read", known.damaged.len());
    Err(Error::permanent(Kind::Data, problem)
        .with("path", &first.subject)
        .with("problem", &first.problem)
        .hint("`sellerlake verify` lists them all; restore them from a backup, and compare then"))
}

/// The deliveries that moved lines, and how many each.
fn documents(movers: &BTreeMap<String, Movers>, landed: &BTreeMap<String, &Delivery>) -> Result<RecordBatch> {
    let mut counted: BTreeMap<&Mover, u64> = BTreeMap::new();
    for mover in movers.values().flat_map(BTreeMap::values).flatten() {
        *counted.entry(mover).or_default() += 1;
    }
    let text = |value: &dyn Fn(&Mover) -> Option<String>| -> ArrayRef {
        Arc::new(counted.keys().map(|mover| value(mover)).collect::<StringArray>())
    };
    let fetched = counted.keys().map(|mover| landed.get(&mover.delivery).map(|d| d.fetched_at.timestamp_millis()));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("delivery_id", text(&|mover| Some(mover.delivery.clone()))),
        ("source", text(&|mover| Some(mover.source.clone()))),
        ("how", text(&|mover| Some(mover.how.as_str().to_owned()))),
        ("fetched_at", Arc::new(fetched.collect::<TimestampMillisecondArray>().with_timezone("UTC"))),
        ("lines", Arc::new(counted.values().copied().collect::<UInt64Array>())),
        ("raw_path", text(&|mover| landed.get(&mover.delivery).map(|landed| landed.data_path()))),
    ];
    batch(columns)
}

/// Each moved line's documents, side by side; NULL where there are none.
fn traced(
    keys: &[(String, String)],
    movers: &BTreeMap<String, Movers>,
    landed: &BTreeMap<String, &Delivery>,
) -> Result<RecordBatch> {
    let found: Vec<Vec<&Mover>> = keys
        .iter()
        .map(|(what, key)| movers.get(what).and_then(|movers| movers.get(key)).into_iter().flatten().collect())
        .collect();
    let side_by_side = |value: &dyn Fn(&Mover) -> Option<String>| -> ArrayRef {
        let joined = found.iter().map(|movers| {
            let parts: Vec<String> = movers.iter().filter_map(|mover| value(mover)).collect();
            (!parts.is_empty()).then(|| parts.join("; "))
        });
        Arc::new(joined.collect::<StringArray>())
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("what", Arc::new(keys.iter().map(|(what, _)| Some(what)).collect::<StringArray>())),
        ("line_key", Arc::new(keys.iter().map(|(_, key)| Some(key)).collect::<StringArray>())),
        ("delivery_ids", side_by_side(&|mover| Some(mover.delivery.clone()))),
        ("sources", side_by_side(&|mover| Some(mover.source.clone()))),
        ("raw_paths", side_by_side(&|mover| landed.get(&mover.delivery).map(|landed| landed.data_path()))),
    ];
    batch(columns)
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true)))
        .map_err(|error| Error::permanent(Kind::Internal, "can't show what changed").source(error))
}
