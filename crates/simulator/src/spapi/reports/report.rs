//! One report and what becomes of it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::reports::{Report as Printed, ReportQuery, report};
use crate::server::{Amazon, chance};

/// What generation leads to, decided at the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A document of what there is; CANCELLED if there is nothing.
    Generated,
    /// CANCELLED, whatever there is.
    Cancelled,
    /// FATAL; the text stands in an error document, if there is one.
    Failed(Option<String>),
}

/// What came of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A document.
    Done,
    /// Nothing to print.
    Nothing,
    /// A failure, perhaps with an error document.
    Failed(Option<String>),
}

/// A report that was requested.
#[derive(Debug)]
pub struct Report {
    /// Its id, unique together with the seller.
    pub id: String,
    /// The seller.
    pub seller: String,
    /// Type, marketplaces, range and options.
    pub query: ReportQuery,
    /// Whether the range was given; Amazon defaults both ends to now.
    pub range_given: bool,
    /// The schedule that requested it.
    pub schedule: Option<String>,
    /// When it was requested.
    pub created: DateTime<Utc>,
    /// When generation begins.
    pub starts: DateTime<Utc>,
    /// When it ends; the document shows what was published by then.
    pub ends: DateTime<Utc>,
    /// When the client cancelled it, if it did while it was in queue.
    pub cancelled: OnceLock<DateTime<Utc>>,
    /// What generation leads to.
    pub fate: Fate,
    /// The document's id, if there will be a document.
    pub document_id: String,
    /// What came of it, once that was looked at.
    pub outcome: OnceLock<Outcome>,
}

impl Report {
    /// The report as of the end of its generation. Amazon's range includes its last second, the printer's doesn't.
    pub fn print(&self, amazon: &Amazon) -> Printed {
        let mut query = self.query.clone();
        query.to += TimeDelta::seconds(1);
        report(&amazon.world, &self.seller, &query, self.ends)
    }

    /// Whether the client cancelled it.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.get().is_some()
    }

    /// What came of it, if it is over by `now`.
    pub fn outcome(&self, amazon: &Amazon, now: DateTime<Utc>) -> Option<&Outcome> {
        if now < self.ends {
            return None;
        }
        Some(self.outcome.get_or_init(|| match &self.fate {
            Fate::Cancelled => Outcome::Nothing,
            Fate::Failed(reason) => Outcome::Failed(reason.clone()),
            Fate::Generated => match self.print(amazon) {
                Printed::Document(_) => Outcome::Done,
                Printed::NoData => Outcome::Nothing,
                Printed::Refused(reason) => Outcome::Failed(Some(reason)),
            },
        }))
    }

    /// `IN_QUEUE`, `IN_PROGRESS`, `DONE`, `CANCELLED` or `FATAL`.
    pub fn status(&self, amazon: &Amazon, now: DateTime<Utc>) -> &'static str {
        if self.is_cancelled() {
            return "CANCELLED";
        }
        match self.outcome(amazon, now) {
            None if now < self.starts => "IN_QUEUE",
            None => "IN_PROGRESS",
            Some(Outcome::Done) => "DONE",
            Some(Outcome::Nothing) => "CANCELLED",
            Some(Outcome::Failed(_)) => "FATAL",
        }
    }

    /// The id of its document, once there is one.
    pub fn document(&self, amazon: &Amazon, now: DateTime<Utc>) -> Option<&str> {
        let printed = matches!(self.outcome(amazon, now), Some(Outcome::Done | Outcome::Failed(Some(_))));
        (printed && !self.is_cancelled()).then_some(self.document_id.as_str())
    }

    /// As getReport shows it at `now`: fields that have no value yet are absent.
    pub fn shown(&self, amazon: &Amazon, now: DateTime<Utc>) -> Value {
        let mut shown = Map::new();
        shown.insert("reportType".into(), json!(self.query.report_type));
        if let Some(ended) = self.cancelled.get().copied().or((now >= self.ends).then_some(self.ends)) {
            shown.insert("processingEndTime".into(), json!(stamp(ended)));
        }
        shown.insert("processingStatus".into(), json!(self.status(amazon, now)));
        shown.insert("marketplaceIds".into(), json!(self.query.marketplaces));
        if let Some(document) = self.document(amazon, now) {
            shown.insert("reportDocumentId".into(), json!(document));
        }
        shown.insert("reportId".into(), json!(self.id));
        shown.insert("dataEndTime".into(), json!(stamp(self.query.to)));
        shown.insert("createdTime".into(), json!(stamp(self.created)));
        if now >= self.starts && !self.is_cancelled() {
            shown.insert("processingStartTime".into(), json!(stamp(self.starts)));
        }
        shown.insert("dataStartTime".into(), json!(stamp(self.query.from)));
        if let Some(schedule) = &self.schedule {
            shown.insert("reportScheduleId".into(), json!(schedule));
        }
        Value::Object(shown)
    }

    /// What makes two requests ask for the same thing: all but the time of day of a range.
    pub fn subject(&self) -> Subject {
        subject(&self.seller, &self.query, self.range_given)
    }
}

/// Seller, type, marketplaces, days and options.
pub type Subject = (String, String, Vec<String>, String, BTreeMap<String, String>);

/// The subject of a request. One without dates is the same on the day after.
pub fn subject(seller: &str, query: &ReportQuery, range_given: bool) -> Subject {
    let mut marketplaces = query.marketplaces.clone();
    marketplaces.sort();
    let days =
        if range_given { format!("{}/{}", query.from.date_naive(), query.to.date_naive()) } else { String::new() };
    (seller.to_owned(), query.report_type.clone(), marketplaces, days, query.options.clone())
}

/// What a request has in common with all others of its type.
pub fn type_of(subject: &Subject) -> Subject {
    let (seller, report_type, marketplaces, ..) = subject.clone();
    (seller, report_type, marketplaces, String::new(), BTreeMap::new())
}

/// The id of a document, in Amazon's shape.
pub fn document_id(seed: u64, region: &str, parts: &[&str]) -> String {
    format!("amzn1.spdoc.1.4.{region}.{}", chance::uuid(seed, &[&["document"], parts].concat()))
}

/// A moment as the Reports API prints it.
pub fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, false)
}
