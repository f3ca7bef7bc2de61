//! Landing: bytes from somewhere become a delivery in `raw/`, before anybody parses them.

use std::collections::BTreeMap;
use std::io::Read;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, SubsecRound, TimeDelta, Utc};
use sellerlake_contracts::{
    Delivery, Error, Kind, META_VERSION, MarketplaceId, Result, Scope, SellerId, Window, failpoint,
};
use sellerlake_schemas::{Format, Source, Unit};
use sellerlake_sinks::Landed;
use sellerlake_state::DeliveryRecord;

use crate::loading::Loading;

/// Days after which Amazon wants buyers' personal data gone (amazon.md: Restricted data).
const PERSONAL_DATA_DAYS: i64 = 30;

/// Before Amazon sold anything.
const FIRST_YEAR: i32 = 1995;

/// How far into the future a window may reach: a month or a year that has begun.
const FUTURE_DAYS: i64 = 366;

/// Days a window may have.
const MOST_DAYS: i64 = 3_700;

/// What is known of a delivery besides its bytes.
#[derive(Debug, Clone)]
pub struct DeliveryFacts {
    /// Name of the declared source.
    pub source: String,
    /// Whose data.
    pub seller: SellerId,
    /// What the request covered; if nobody says, what the marketplace or the seller's accounts tell.
    pub scope: Option<String>,
    /// The one marketplace asked for.
    pub marketplace: Option<MarketplaceId>,
    /// The span asked for.
    pub window: Option<Window>,
    /// The server's cut-off.
    pub as_of: Option<DateTime<Utc>>,
    /// Charset label that came along.
    pub charset: Option<String>,
    /// What else decides how the bytes are read or which they are, such as report options as sent: part of what the
    /// delivery is.
    pub options: BTreeMap<String, String>,
    /// Keep buyers' personal columns.
    pub allow_personal_data: bool,
    /// Report id or file name.
    pub origin: Option<String>,
}

/// One document on its way in: what to call it, its bytes.
pub struct Arrival {
    /// File name or the like; its extension is kept.
    pub name: String,
    /// The pages, in order; one for an ordinary document.
    pub pages: Vec<Box<dyn Read + Send>>,
}

/// Option of a delivery that keeps personal columns; part of its identity, so that a replay does the same.
pub(crate) const ALLOW_PERSONAL_DATA: &str = "allow_personal_data";

impl Loading {
    /// Stores one delivery's bytes and metadata. Repeating it changes nothing.
    pub async fn land(&self, facts: &DeliveryFacts, arrival: Arrival) -> Result<Delivery> {
        let source = self.source(&facts.source)?;
        let facts = &self.dated(source, facts)?;
        let mut spool = self.shared.lake.spool()?;
        let (spool, received, page_offsets) = tokio::task::spawn_blocking(move || {
            let mut pages = Pages::new(arrival.pages);
            let received = spool.receive(&mut pages)?;
            Ok::<_, Error>((spool, received, pages.offsets))
        })
        .await
        .map_err(|error| Error::permanent(Kind::Internal, "landing was interrupted").source(error))??;
        let extension = extension(&arrival.name, source);
        let mut delivery = self.describe(source, facts, received, page_offsets, extension);
        if facts.scope.is_none()
            && self.shared.state.delivery(&delivery.id).await?.is_none()
            && let Some(scope) = self.likely_scope(source, facts).await?
        {
            delivery.scope = scope;
            delivery.id = delivery.identify();
        }
        self.shared.state.begin_landing(&delivery, self.shared.clock.now()).await?;
        // The entry is that of whoever began first, now or long ago.
        if let Some(known) = self.shared.state.delivery(&delivery.id).await? {
            settle(&mut delivery, &known);
        }
        failpoint::reach("raw.begun")?;
        if self.shared.lake.land(&delivery, spool).await? == Landed::AlreadyLanded
            && let Some(standing) = self.shared.lake.delivery(&delivery.meta_path()).await?
        {
            // Where the ledger was lost, the metadata still says when it came.
            delivery = standing;
        }
        if !self.shared.state.set_landed(&delivery.id, self.shared.clock.now()).await? {
            // It had come further before; or somebody took it for left over and forgot it.
            self.enter(&delivery).await?;
        }
        failpoint::reach("delivery.landed")?;
        Ok(delivery)
    }

    /// The declared source of this name or report type.
    pub fn source(&self, name: &str) -> Result<&std::sync::Arc<Source>> {
        self.shared.declarations.schemas.source(name).ok_or_else(|| {
            let known = self.shared.declarations.schemas.sources.keys().map(String::as_str);
            let hint = match sellerlake_schemas::nearest(name, known) {
                Some(nearest) => format!("did you mean {nearest:?}? `sellerlake sources` lists them all"),
                None => "`sellerlake sources` lists them all".to_owned(),
            };
            Error::permanent(Kind::Usage, format!("{name:?} is not a declared source")).hint(hint)
        })
    }

    /// The facts with an as-of where the source takes now for it; refused where something is missing, or can't be meant.
    fn dated(&self, source: &Source, facts: &DeliveryFacts) -> Result<DeliveryFacts> {
        let now = self.shared.clock.now();
        let mut facts = facts.clone();
        if source.by_hand && source.as_of.is_none() && facts.as_of.is_none() {
            facts.as_of = Some(now.trunc_subsecs(3));
        }
        check_facts(source, &facts)?;
        Ok(facts)
    }

    /// Refuses windows and as-of instants that nobody who types them can mean: each day of a window is a unit, and an as-of
    /// of the future would stand until then, whatever comes.
    pub fn check_times(&self, window: Option<Window>, as_of: Option<DateTime<Utc>>) -> Result<()> {
        check_times(window, as_of, self.shared.clock.now())
    }

    fn describe(
        &self,
        source: &Source,
        facts: &DeliveryFacts,
        received: sellerlake_sinks::Received,
        page_offsets: Vec<u64>,
        extension: String,
    ) -> Delivery {
        // As the ledger keeps it, so that a replay stamps alike.
        let fetched_at = self.shared.clock.now().trunc_subsecs(3);
        let fallback = || facts.marketplace.as_ref().map_or(Scope::UNTOLD, MarketplaceId::as_str).to_owned();
        let mut options = facts.options.clone();
        if facts.allow_personal_data {
            options.insert(ALLOW_PERSONAL_DATA.to_owned(), "true".to_owned());
        }
        let personal =
            source.has_personal_data().then(|| facts.as_of.unwrap_or(fetched_at) + TimeDelta::days(PERSONAL_DATA_DAYS));
        let mut delivery = Delivery {
            version: META_VERSION,
            id: sellerlake_contracts::DeliveryId::placeholder(),
            source: source.name.clone(),
            seller: facts.seller.clone(),
            scope: Scope(facts.scope.clone().unwrap_or_else(fallback)),
            marketplace: facts.marketplace.clone(),
            window: facts.window,
            options,
            as_of: facts.as_of,
            fetched_at,
            charset: facts.charset.clone(),
            sha256: received.sha256,
            size_bytes: received.size_bytes,
            extension,
            page_offsets,
            origin: facts.origin.clone(),
            personal_data_until: personal,
        };
        delivery.id = delivery.identify();
        delivery
    }
}

/// Gives a delivery that came before the place it has: its folder follows from when it first came, and its file name
/// from what it was then called, neither of which is part of what it is.
fn settle(delivery: &mut Delivery, known: &DeliveryRecord) {
    let stem = format!("{}.", delivery.id);
    let name = known.data_path.rsplit('/').next().unwrap_or_default();
    if let Some(extension) = name.strip_prefix(&stem) {
        extension.clone_into(&mut delivery.extension);
    }
    delivery.fetched_at = known.fetched_at;
}

/// Window and as-of must come from somewhere: the request, or the document.
fn check_facts(source: &Source, facts: &DeliveryFacts) -> Result<()> {
    if facts.seller.is_shared() && !source.shared {
        let problem = format!("{} is no list that all sellers could share", source.name);
        return Err(Error::permanent(Kind::Usage, problem)
            .at("ingest.arguments")
            .hint("name the selling partner it is of: --seller A3TH9S8BH6GOGM"));
    }
    if source.by_hand && facts.marketplace.is_some() && !source.takes_marketplace() {
        let problem = format!("{} says nothing of a marketplace, so --marketplace would be lost", source.name);
        return Err(Error::permanent(Kind::Usage, problem).at("ingest.arguments").hint("leave it out"));
    }
    let units: Vec<&Unit> =
        std::iter::once(&source.unit).chain(source.rows.iter().filter_map(|rows| rows.unit.as_ref())).collect();
    let wants_window = units.iter().any(|unit| matches!(unit, Unit::Day(_) | Unit::Period))
        || source.month.as_deref() == Some("window");
    let mut missing = Vec::new();
    if wants_window && facts.window.is_none() && source.window_paths.is_empty() {
        missing.push(("the window that was asked for", "--window 2026-03-01..2026-03-31"));
    }
    if facts.as_of.is_none() && source.as_of.is_none() {
        missing.push(("the moment the data was true", "--as-of 2026-04-01T06:00:00Z"));
    }
    let names_marketplace =
        source.columns.values().any(|column| column.from == Some(sellerlake_schemas::Context::Marketplace));
    if names_marketplace && source.scope == "marketplace" && facts.marketplace.is_none() {
        missing.push(("the marketplace that was asked for", "--marketplace ATVPDKIKX0DER"));
    }
    if let (Some(most), Some(window)) = (source.window_months, facts.window) {
        let month = |day: NaiveDate| day.year() * 12 + day.month0() as i32;
        let (first, last) = (window.from.date_naive(), window.last_day());
        let months = month(last) - month(first) + 1;
        if i64::from(months) > i64::from(most) {
            let problem =
                format!("{first}..{last} are days of {months} months; of {} a document covers {most}", source.name);
            return Err(Error::permanent(Kind::Usage, problem)
                .at("ingest.arguments")
                .hint("ask Amazon again, in shorter windows that don't overlap"));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let (facts, options): (Vec<&str>, Vec<&str>) = missing.into_iter().unzip();
    let problem = format!("{} needs {}: its documents don't say", source.name, facts.join(", and "));
    Err(Error::permanent(Kind::Usage, problem).at("ingest.arguments").hint(format!("add {}", options.join(" "))))
}

fn check_times(window: Option<Window>, as_of: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<()> {
    let refused = |problem: String, hint: &str| {
        Err(Error::permanent(Kind::Usage, problem).at("ingest.arguments").hint(hint.to_owned()))
    };
    if let Some(window) = window {
        let days = (window.to - window.from).num_days();
        let first = window.from.date_naive();
        if first.year() < FIRST_YEAR || window.to > now + TimeDelta::days(FUTURE_DAYS) || days > MOST_DAYS {
            let span = format!("{first}..{}", window.last_day());
            let hint = format!(
                "a window begins in {FIRST_YEAR} or later, ends no later than a year from now, and has {MOST_DAYS} days at \
                 most"
            );
            return refused(format!("the window {span} can't be meant"), &hint);
        }
    }
    // A day is a day somewhere else already.
    if let Some(as_of) = as_of.filter(|as_of| *as_of > now + TimeDelta::days(1)) {
        let problem = format!("the as-of {} lies in the future", as_of.to_rfc3339_opts(SecondsFormat::Secs, true));
        return refused(problem, "say when the data was true, not when it will be; is this machine's clock right?");
    }
    Ok(())
}

/// `txt.gz`, `csv`, `json`: what the name ends in, or what the source's format is usually called.
fn extension(name: &str, source: &Source) -> String {
    let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let plain = |part: &str| !part.is_empty() && part.len() <= 8 && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut parts: Vec<&str> = name.rsplit('.').collect();
    parts.pop();
    match parts.as_slice() {
        ["gz", inner, ..] if plain(inner) => format!("{inner}.gz"),
        [last, ..] if plain(last) => (*last).to_owned(),
        _ => match source.format {
            Format::Tsv => "txt".into(),
            Format::Csv => "csv".into(),
            Format::Json => "json".into(),
        },
    }
}

/// Several pages as one stream, noting where each begins.
struct Pages {
    waiting: std::vec::IntoIter<Box<dyn Read + Send>>,
    current: Option<Box<dyn Read + Send>>,
    read: u64,
    offsets: Vec<u64>,
}

impl Pages {
    fn new(pages: Vec<Box<dyn Read + Send>>) -> Self {
        Self { waiting: pages.into_iter(), current: None, read: 0, offsets: Vec::new() }
    }
}

impl Read for Pages {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            if self.current.is_none() {
                self.current = self.waiting.next();
                self.offsets.push(self.read);
            }
            let Some(page) = self.current.as_mut() else {
                self.offsets.pop();
                return Ok(0);
            };
            match page.read(buffer)? {
                0 => self.current = None,
                length => {
                    self.read += length as u64;
                    return Ok(length);
                }
            }
        }
    }
}
