//! The ledger of reports: who asked for what, and what a request leads to.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};

use chrono::{DateTime, TimeDelta, Utc};

use super::catalogue::{Cooldown, ReportType};
use super::report::{Fate, Report, Subject, document_id, subject, type_of};
use super::schedule::Schedule;
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
    /// The requests of a subject, oldest first, but those that a fault decided.
    history: HashMap<Subject, Vec<Arc<Report>>>,
    /// The same of whole types, with the days and options left out.
    history_of_types: HashMap<Subject, Vec<Arc<Report>>>,
    /// Subjects whose last request a fault cancelled. The next one is spared: twice would mean that there is no data.
    spared: HashSet<Subject>,
    /// Requests by seller.
    created: HashMap<String, u64>,
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

impl Request {
    /// What it asks for.
    pub(super) fn subject(&self) -> Subject {
        subject(&self.seller, &self.query, self.range_given)
    }
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

    /// Whether a request must not be cancelled by a fault again.
    pub(super) fn spares(&self, subject: &Subject) -> bool {
        held(&self.0).spared.contains(subject)
    }

    /// Cancels a report that is still in queue; `false` if it isn't.
    pub(super) fn cancel(&self, seller: &str, id: &str, now: DateTime<Utc>) -> bool {
        let mut ledger = held(&self.0);
        let Some(report) = ledger.reports.get(&(seller.to_owned(), id.to_owned())).cloned() else { return false };
        if now >= report.starts || report.cancelled.set(now).is_err() {
            return false;
        }
        // A report that was never generated starts no cooldown.
        let subject = report.subject();
        let Ledger { history, history_of_types, .. } = &mut *ledger;
        for history in [history.get_mut(&subject), history_of_types.get_mut(&type_of(&subject))].into_iter().flatten() {
            history.retain(|known| known.id != id);
        }
        true
    }
}

impl Ledger {
    pub(super) fn create(&mut self, amazon: &Amazon, kind: &ReportType, request: Request) -> Arc<Report> {
        let number = self.created.entry(request.seller.clone()).or_default();
        *number += 1;
        let dice = Dice { amazon, seller: request.seller.clone(), number: *number };
        let id = (50_000_000_000 + *number * 7_919 + dice.draw("id") % 7_919).to_string();
        let subject = request.subject();
        let history = self.history.get(&subject).map_or(&[][..], Vec::as_slice);
        let faulty = faulty(&request, &id, &dice);
        let is_faulty = faulty.is_some();
        let of_type = self.history_of_types.get(&type_of(&subject)).map_or(&[][..], Vec::as_slice);
        let rested_by = if amazon.types_rest { of_type } else { history };
        let fate = faulty.or_else(|| cooled(rested_by, kind, &request)).unwrap_or(Fate::Generated);
        let may_copy = |earlier: &&Arc<Report>| fate == Fate::Generated && is_copied(earlier, &request, kind);
        let copied = history.iter().rev().find(may_copy).cloned();
        let ((starts, ends), document_id) = if let Some(earlier) = &copied {
            ((earlier.starts, earlier.ends), earlier.document_id.clone())
        } else {
            let document_id = document_id(amazon.seed, &request.region, &[&request.seller, &id]);
            (dice.times(kind, &request, &fate), document_id)
        };
        if request.fault == Some(Kind::ReportCancelled) {
            self.spared.insert(subject.clone());
        } else {
            self.spared.remove(&subject);
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
            cancelled: OnceLock::new(),
            fate,
            document_id: document_id.clone(),
            outcome: OnceLock::new(),
        });
        if copied.is_none() {
            self.documents.insert(document_id, (request.seller.clone(), id.clone()));
        }
        if !is_faulty {
            self.history_of_types.entry(type_of(&subject)).or_default().push(Arc::clone(&report));
            self.history.entry(subject).or_default().push(Arc::clone(&report));
        }
        self.reports.insert((request.seller, id), Arc::clone(&report));
        report
    }
}

/// What is left open about a request.
struct Dice<'a> {
    amazon: &'a Amazon,
    seller: String,
    number: u64,
}

impl Dice<'_> {
    fn draw(&self, what: &str) -> u64 {
        chance::draw(self.amazon.seed, &["report", what, &self.seller, &self.number.to_string()])
    }

    fn wait(&self, what: &str, (least, most): (u64, u64)) -> TimeDelta {
        let seconds = least + self.draw(what) % (most - least + 1);
        TimeDelta::milliseconds((seconds as f64 * 1000.0 * self.amazon.pace) as i64)
    }

    /// When generation starts and ends.
    fn times(&self, kind: &ReportType, request: &Request, fate: &Fate) -> (DateTime<Utc>, DateTime<Utc>) {
        let starts = request.at + self.wait("queue", (2, 10));
        let run = if *fate == Fate::Generated { kind.delay_seconds } else { (5, 20) };
        let slow = if request.fault == Some(Kind::SlowReport) { TimeDelta::hours(3) } else { TimeDelta::zero() };
        (starts, starts + self.wait("run", run) + slow)
    }
}

/// What a fault makes of a request. A report that failed by fault was never generated, and may be asked for again.
fn faulty(request: &Request, id: &str, dice: &Dice<'_>) -> Option<Fate> {
    match request.fault? {
        Kind::ReportCancelled => Some(Fate::Cancelled),
        Kind::ReportFatal => {
            let why =
                format!("{{\"errorDetails\":\"Error in report request {id}: internal failure while generating.\"}}");
            Some(Fate::Failed(dice.draw("reason").is_multiple_of(2).then_some(why)))
        }
        _ => None,
    }
}

/// Whether an earlier report answers this request too: exactly the same one, in flight or just done.
fn is_copied(earlier: &Report, request: &Request, kind: &ReportType) -> bool {
    let recent =
        request.at < earlier.ends || (kind.cooldown == Cooldown::Exempt && request.at < earlier.ends + COPIED_FOR);
    let same = earlier.query.from == request.query.from && earlier.query.to == request.query.to;
    recent && same && earlier.fate == Fate::Generated
}

/// What a request inside the cooldown of its type leads to: cancelled at first, failed when it goes on
/// (amazon.md: How often a report is made).
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
