//! The ledger of reports: who asked for what, and what a request leads to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};

use super::catalogue::{Cooldown, ReportType};
use super::report::{Fate, Report, Subject, document_id, subject};
use super::schedules::Schedule;
use crate::faults::Kind;
use crate::reports::ReportQuery;
use crate::server::{Amazon, chance, held};

/// An identical request so soon after the first gets the first's document again.
const COPIED_FOR: TimeDelta = TimeDelta::minutes(15);
/// So many requests within the cooldown are cancelled; further ones fail.
const PATIENCE: usize = 3;
const HAMMERED: &str = "{\"errorDetails\":\"Report generation was skipped: a report of this type was requested too often. \
                        Wait until the regeneration window is over.\"}";

/// Reports and schedules.
#[derive(Default)]
pub struct ReportDesk(pub(super) Mutex<Ledger>);

/// What the desk holds.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) reports: HashMap<(String, String), Arc<Report>>,
    pub(super) schedules: Vec<Schedule>,
    /// Document id → (seller, report id).
    documents: HashMap<String, (String, String)>,
    /// The requests of a subject, oldest first.
    history: HashMap<Subject, Vec<Arc<Report>>>,
    created: u64,
}

/// What is known about a request besides its query.
pub(super) struct Request {
    pub(super) seller: String,
    pub(super) region: String,
    pub(super) query: ReportQuery,
    pub(super) range_given: bool,
    pub(super) schedule: Option<String>,
    pub(super) at: DateTime<Utc>,
    /// The fault that decides it, if one does.
    pub(super) fault: Option<Kind>,
}

impl ReportDesk {
    /// The report with this id.
    pub fn get(&self, seller: &str, id: &str) -> Option<Arc<Report>> {
        held(&self.0).reports.get(&(seller.to_owned(), id.to_owned())).cloned()
    }

    /// The report a document belongs to.
    pub fn of_document(&self, document: &str) -> Option<Arc<Report>> {
        let ledger = held(&self.0);
        ledger.documents.get(document).and_then(|key| ledger.reports.get(key)).cloned()
    }

    /// All reports of a seller created in `[since, until]`.
    pub fn of(&self, seller: &str, since: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Arc<Report>> {
        let ledger = held(&self.0);
        let wanted =
            |report: &&Arc<Report>| report.seller == seller && report.created >= since && report.created <= until;
        ledger.reports.values().filter(wanted).cloned().collect()
    }

    /// Takes a request in.
    pub(super) fn create(&self, amazon: &Amazon, kind: &ReportType, request: Request) -> Arc<Report> {
        held(&self.0).create(amazon, kind, request)
    }

    /// Cancels a report that is still in queue; `false` if it isn't.
    pub(super) fn cancel(&self, seller: &str, id: &str, now: DateTime<Utc>) -> bool {
        let mut ledger = held(&self.0);
        let Some(report) = ledger.reports.get(&(seller.to_owned(), id.to_owned())) else { return false };
        if now >= report.starts || report.cancelled.is_some() {
            return false;
        }
        let cancelled = Arc::new(Report {
            cancelled: Some(now),
            query: report.query.clone(),
            id: report.id.clone(),
            seller: report.seller.clone(),
            schedule: report.schedule.clone(),
            document_id: report.document_id.clone(),
            fate: Fate::Cancelled,
            outcome: std::sync::OnceLock::new(),
            ..**report
        });
        // A report that was never generated starts no cooldown.
        if let Some(history) = ledger.history.get_mut(&cancelled.subject()) {
            history.retain(|known| known.id != id);
        }
        ledger.reports.insert((seller.to_owned(), id.to_owned()), cancelled);
        true
    }
}

impl Ledger {
    pub(super) fn create(&mut self, amazon: &Amazon, kind: &ReportType, request: Request) -> Arc<Report> {
        self.created += 1;
        let number = self.created;
        let draw = |what: &str| chance::draw(amazon.seed, &["report", what, kind.name, &number.to_string()]);
        let id = (50_000_000_000 + number * 7_919 + draw("id") % 7_919).to_string();
        let subject = subject(&request.seller, &request.query, request.range_given);
        let history = self.history.get(&subject).map_or(&[][..], Vec::as_slice);
        let fault_fate = match request.fault {
            Some(Kind::ReportCancelled) => Some(Fate::Cancelled),
            Some(Kind::ReportFatal) => Some(Fate::Failed((draw("reason") % 2 == 0).then(|| internal_failure(&id)))),
            _ => None,
        };
        let copied = history.iter().rev().find(|earlier| is_copied(earlier, &request, kind)).cloned();
        let fate = fault_fate.or_else(|| cooled(history, kind, &request)).unwrap_or(Fate::Generated);
        let waits = |what: &str, (least, most): (u64, u64)| {
            TimeDelta::milliseconds(((least + draw(what) % (most - least + 1)) as f64 * 1000.0 * amazon.pace) as i64)
        };
        let slow = if request.fault == Some(Kind::SlowReport) { TimeDelta::hours(3) } else { TimeDelta::zero() };
        let delay = if fate == Fate::Generated { kind.delay_seconds } else { (5, 20) };
        let (mut starts, mut ends) =
            (request.at + waits("queue", (2, 10)), request.at + waits("queue", (2, 10)) + waits("run", delay) + slow);
        let mut document = document_id(amazon.seed, &request.region, &[&request.seller, &id]);
        let copied = copied.filter(|_| fate == Fate::Generated);
        if let Some(earlier) = &copied {
            (starts, ends) = (earlier.starts, earlier.ends);
            document.clone_from(&earlier.document_id);
        }
        let report = Arc::new(Report {
            id: id.clone(),
            seller: request.seller.clone(),
            query: request.query,
            range_given: request.range_given,
            schedule: request.schedule,
            created: request.at,
            starts,
            ends,
            cancelled: None,
            fate,
            document_id: document.clone(),
            outcome: std::sync::OnceLock::new(),
        });
        self.reports.insert((request.seller.clone(), id.clone()), Arc::clone(&report));
        if copied.is_none() {
            self.documents.insert(document, (request.seller, id));
        }
        if fault_fate_is_free(request.fault) {
            self.history.entry(subject).or_default().push(Arc::clone(&report));
        }
        report
    }
}

/// Whether an earlier report answers this request too: exactly the same one, in flight or just done.
fn is_copied(earlier: &Report, request: &Request, kind: &ReportType) -> bool {
    let recent =
        request.at < earlier.ends || (kind.cooldown == Cooldown::Exempt && request.at < earlier.ends + COPIED_FOR);
    let same = earlier.query.from == request.query.from && earlier.query.to == request.query.to;
    recent && same && earlier.fate == Fate::Generated
}

/// What a request inside the cooldown of its type leads to: cancelled at first, failed when it goes on (D.2).
fn cooled(history: &[Arc<Report>], kind: &ReportType, request: &Request) -> Option<Fate> {
    let window = kind.cooldown.window();
    let generated = history.iter().rev().find(|report| report.fate == Fate::Generated)?;
    let in_flight_copy = is_copied(generated, request, kind);
    if in_flight_copy || request.at >= generated.ends + window {
        return None;
    }
    let since = history.iter().rev().take_while(|report| report.fate != Fate::Generated).count();
    Some(if since < PATIENCE { Fate::Cancelled } else { Fate::Failed(Some(HAMMERED.to_owned())) })
}

/// A report that failed by fault was never generated, and may be asked for again at once.
fn fault_fate_is_free(fault: Option<Kind>) -> bool {
    !matches!(fault, Some(Kind::ReportCancelled | Kind::ReportFatal))
}

fn internal_failure(id: &str) -> String {
    format!("{{\"errorDetails\":\"Error in report request {id}: internal failure while generating the report.\"}}")
}
