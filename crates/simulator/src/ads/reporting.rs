//! Version 3 reports (amazon.md: Ads reports): requested, generated, fetched from an address.

use std::sync::Mutex;

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{profile, refuse};
use crate::faults::{Kind, RECENT};
use crate::files;
use crate::reports::{AdsQuery, ads_report};
use crate::server::{Amazon, Answer, Call, Operation, Reply, chance, held};
use crate::spapi::Document;

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation::post("ads.createReport", "/reporting/reports", create).rate(0.5, 20),
    Operation::get("ads.getReport", "/reporting/reports/{reportId}", get).rate(5.0, 20),
];

const MEDIA: &str = "application/vnd.createasyncreportrequest.v3+json";
/// A report's address is good for so long; asking again gives a fresh one.
const URL_LIFETIME: TimeDelta = TimeDelta::hours(1);
/// Reports are known for so long.
const RETENTION: TimeDelta = TimeDelta::days(7);

/// Reports, oldest first.
#[derive(Default)]
pub struct AdsDesk(Mutex<Vec<AdsReport>>);

#[derive(Clone, Debug)]
struct AdsReport {
    id: String,
    seller: String,
    profile: String,
    name: Option<String>,
    configuration: Value,
    query: AdsQuery,
    created: DateTime<Utc>,
    starts: DateTime<Utc>,
    ends: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    name: Option<String>,
    start_date: NaiveDate,
    end_date: NaiveDate,
    configuration: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    ad_product: String,
    group_by: Vec<String>,
    columns: Vec<String>,
    report_type_id: String,
    time_unit: String,
    format: String,
}

fn create(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let profile = profile(amazon, call)?.to_owned();
    if !call.request.header("content-type").unwrap_or_default().eq_ignore_ascii_case(MEDIA) {
        return Err(refuse(415, &format!("Unsupported Media Type: expected {MEDIA}")));
    }
    let malformed = |error: serde_json::Error| refuse(400, &format!("Invalid request: {error}"));
    let wanted: Wanted = serde_json::from_slice(&call.request.body).map_err(malformed)?;
    let asked: Configuration = serde_json::from_value(wanted.configuration.clone()).map_err(malformed)?;
    if asked.format != "GZIP_JSON" {
        return Err(refuse(400, "configuration format must be GZIP_JSON"));
    }
    if wanted.end_date < wanted.start_date {
        return Err(refuse(400, "endDate must not be before startDate"));
    }
    let query = AdsQuery {
        ad_product: asked.ad_product,
        report_type_id: asked.report_type_id,
        group_by: asked.group_by,
        columns: asked.columns,
        time_unit: asked.time_unit,
        from: wanted.start_date,
        to: wanted.end_date,
    };
    // Asked once at the request for what is wrong with it, and again when it is generated.
    ads_report(&amazon.world, &profile, &query, call.now()).map_err(|reason| refuse(400, &reason))?;
    let report = enter(amazon, call, profile, wanted.name, wanted.configuration, query)?;
    if call.strikes(amazon, Kind::Ads425) {
        // As if an earlier request, whose answer was lost, were in flight.
        return Err(duplicate(&report.id));
    }
    Ok(Answer::json(200, &shown(amazon, &report, call.now())))
}

fn enter(
    amazon: &Amazon,
    call: &Call<'_>,
    profile: String,
    name: Option<String>,
    configuration: Value,
    query: AdsQuery,
) -> Result<AdsReport, Answer> {
    let slow = if call.strikes(amazon, Kind::SlowReport) { TimeDelta::minutes(150) } else { TimeDelta::zero() };
    let mut reports = held(&amazon.ads.0);
    let in_flight = reports.iter().find(|known| {
        known.profile == profile
            && known.query == query
            && known.configuration == configuration
            && call.now() < known.ends
    });
    if let Some(known) = in_flight {
        return Err(duplicate(&known.id));
    }
    let number = reports.iter().filter(|known| known.profile == profile).count().to_string();
    let draw = |what: &str| chance::draw(amazon.seed, &["ads", what, &profile, &number]);
    let wait = |what: &str, least: u64, most: u64| {
        TimeDelta::milliseconds(((least + draw(what) % (most - least)) as f64 * 1000.0 * amazon.pace) as i64)
    };
    let id = chance::uuid(amazon.seed, &["ads report", &profile, &number]);
    let (seller, created) = (call.seller().to_owned(), call.now());
    let starts = created + wait("queue", 5, 60);
    let ends = starts + wait("run", 30, 1200) + slow;
    let report = AdsReport { id, seller, profile, name, configuration, query, created, starts, ends };
    reports.push(report.clone());
    Ok(report)
}

fn duplicate(id: &str) -> Answer {
    refuse(425, &format!("The Request is a duplicate of : {id}"))
}

fn get(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let profile = profile(amazon, call)?;
    let id = call.name("reportId");
    let report = held(&amazon.ads.0)
        .iter()
        .find(|report| report.id == id && report.profile == profile && report.created + RETENTION > call.now())
        .cloned();
    let report = report.ok_or_else(|| refuse(404, &format!("Report not found: {id}")))?;
    Ok(Answer::json(200, &shown(amazon, &report, call.now())))
}

fn shown(amazon: &Amazon, report: &AdsReport, now: DateTime<Utc>) -> Value {
    let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let status = match () {
        () if now < report.starts => "PENDING",
        () if now < report.ends => "PROCESSING",
        () => "COMPLETED",
    };
    let mut shown = json!({
        "reportId": report.id,
        "name": report.name,
        "status": status,
        "startDate": report.query.from,
        "endDate": report.query.to,
        "configuration": report.configuration,
        "createdAt": stamp(report.created),
        "updatedAt": stamp(if now < report.starts { report.created } else { report.starts.max(report.ends.min(now)) }),
        "generatedAt": Value::Null,
        "fileSize": Value::Null,
        "failureReason": Value::Null,
        "url": Value::Null,
        "urlExpiresAt": Value::Null,
    });
    if status == "COMPLETED" {
        let expires = now + URL_LIFETIME;
        shown["generatedAt"] = json!(stamp(report.ends));
        shown["fileSize"] = json!(rows(amazon, report).len());
        shown["url"] = json!(files::sign(amazon, &document_id(&report.id), expires, false));
        shown["urlExpiresAt"] = json!(stamp(expires));
    }
    shown
}

fn document_id(report: &str) -> String {
    format!("ads-report-{report}.json.gz")
}

/// The report's JSON array as of the end of its generation.
fn rows(amazon: &Amazon, report: &AdsReport) -> Vec<u8> {
    let rows = ads_report(&amazon.world, &report.profile, &report.query, report.ends).unwrap_or_default();
    serde_json::to_vec(&rows).unwrap_or_default()
}

/// The document with this id, once it is generated.
pub fn document(amazon: &Amazon, id: &str) -> Option<Document> {
    let report = held(&amazon.ads.0).iter().find(|report| document_id(&report.id) == id).cloned()?;
    (amazon.now() >= report.ends).then(|| Document {
        bytes: rows(amazon, &report),
        content_type: "application/json".to_owned(),
        charset: String::new(),
        gzip: true,
        seller: report.seller.clone(),
        report_type: format!("ads {}", report.query.report_type_id),
        may_lack: report.query.to >= (report.ends - RECENT).date_naive(),
    })
}
