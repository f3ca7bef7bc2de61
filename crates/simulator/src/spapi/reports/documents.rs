//! getReportDocument: from a report to an address its document can be fetched from.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::catalogue::report_type;
use super::report::Outcome;
use super::{RETENTION, made_by_amazon};
use crate::faults::RECENT;
use crate::files;
use crate::reports::{self, Report as Printed, listed_document};
use crate::server::{Amazon, Answer, Call, Reply};
use crate::signin::Subject;
use crate::spapi::found;

pub(super) const PATH: &str = "/reports/2021-06-30/documents/{reportDocumentId}";
/// A document's address is good for so long.
const URL_LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// A document ready to be sent.
pub struct Document {
    /// Plain bytes, in `charset`.
    pub bytes: Vec<u8>,
    /// The content type without its charset.
    pub content_type: String,
    /// The charset as Amazon labels it; empty where it says nothing.
    pub charset: String,
    /// Whether it is sent as gzip.
    pub gzip: bool,
    /// The seller it belongs to.
    pub seller: String,
    /// The report type, for those who damage it.
    pub report_type: String,
    /// Whether its newest row may come late: it reaches into the last days, and is asked for again.
    pub may_lack: bool,
}

impl Document {
    fn printed(seller: &str, report_type: &str, document: reports::Document) -> Self {
        Self {
            bytes: document.bytes,
            content_type: document.content_type.to_owned(),
            charset: document.charset.to_owned(),
            gzip: true,
            seller: seller.to_owned(),
            report_type: report_type.to_owned(),
            may_lack: false,
        }
    }

    /// An error document.
    fn failure(seller: &str, report_type: &str, reason: &str) -> Self {
        Self {
            bytes: reason.as_bytes().to_vec(),
            content_type: "application/json".to_owned(),
            charset: "UTF-8".to_owned(),
            gzip: true,
            seller: seller.to_owned(),
            report_type: format!("{report_type} error"),
            may_lack: false,
        }
    }

    /// The document with this id, printed afresh: the same bytes each time.
    pub fn find(amazon: &Amazon, id: &str) -> Option<Self> {
        let now = amazon.now();
        if let Some(report) = amazon.reports.of_document(id) {
            let kind = &report.query.report_type;
            return match report.outcome(amazon, now)? {
                Outcome::Failed(Some(reason)) => Some(Self::failure(&report.seller, kind, reason)),
                Outcome::Done => match report.print(amazon) {
                    Printed::Document(document) => {
                        // A list of one moment is never asked for again: the next is of another moment.
                        let may_lack = report.range_given && report.query.to + RECENT >= report.ends;
                        Some(Self { may_lack, ..Self::printed(&report.seller, kind, document) })
                    }
                    Printed::NoData | Printed::Refused(_) => None,
                },
                Outcome::Nothing | Outcome::Failed(None) => None,
            };
        }
        amazon.world.sellers().iter().find_map(|seller| {
            let document = listed_document(&amazon.world, &seller.id, id)?;
            let kind = made_by_amazon(amazon, &seller.id, now).find(|report| report.document_id == id);
            let mut printed =
                Self::printed(&seller.id, &kind.map(|report| report.report_type).unwrap_or_default(), document);
            // Amazon doesn't compress these.
            printed.gzip = false;
            Some(printed)
        })
    }
}

pub(super) fn get(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let id = call.name("reportDocumentId");
    let requested = amazon.reports.of_document(id).filter(|report| report.seller == call.seller());
    let kind = match &requested {
        Some(report) if report.document(amazon, call.now()).is_some() && report.created + RETENTION > call.now() => {
            report.query.report_type.clone()
        }
        Some(_) => return Err(Answer::not_found("Report document")),
        None => {
            let made = made_by_amazon(amazon, call.seller(), call.now()).find(|report| report.document_id == id);
            made.ok_or_else(|| Answer::not_found("Report document"))?.report_type
        }
    };
    let restricted = report_type(&kind).is_some_and(|kind| kind.restricted);
    if restricted != matches!(call.caller.subject, Subject::Restricted(_)) {
        return Err(Answer::unauthorized(""));
    }
    let encoded = call.query().get("enableContentEncodingUrlHeader") == Some("true");
    let url = files::sign(amazon, id, call.now() + URL_LIFETIME, encoded);
    let mut body = json!({ "reportDocumentId": id, "url": url });
    if requested.is_some() {
        body["compressionAlgorithm"] = Value::from("GZIP");
    }
    found(&body)
}
