//! Reports 2021-06-30 (amazon.md: Life of a report): requests, life cycle, documents, schedules.

mod catalogue;
mod desk;
mod documents;
mod report;
mod schedule;
mod schedules;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use catalogue::{ReportType, listed_types, report_type};
pub use desk::ReportDesk;
pub use documents::Document;
pub use report::Report;
use report::stamp;

use super::{found, sold_in, under};
use crate::faults::Kind;
use crate::paging::{Paging, carried, carry};
use crate::reports::{Listed, ReportQuery, listed};
use crate::server::{Amazon, Answer, Call, Operation, Reply, call};

/// Reports and their documents are kept so long.
const RETENTION: TimeDelta = TimeDelta::days(90);
const STATUSES: [&str; 5] = ["IN_QUEUE", "IN_PROGRESS", "DONE", "CANCELLED", "FATAL"];

/// The operations, with their quotas (amazon.md: Default rates).
pub const OPERATIONS: &[Operation] = &[
    Operation::post("reports.createReport", "/reports/2021-06-30/reports", create).rate(0.0167, 15),
    Operation::get("reports.getReports", "/reports/2021-06-30/reports", list).rate(0.0222, 10),
    Operation::get("reports.getReport", "/reports/2021-06-30/reports/{reportId}", get).rate(2.0, 15),
    Operation::delete("reports.cancelReport", "/reports/2021-06-30/reports/{reportId}", cancel).rate(0.0222, 10),
    Operation::get("reports.getReportDocument", documents::PATH, documents::get).rate(0.0167, 15),
    Operation::post("reports.createReportSchedule", "/reports/2021-06-30/schedules", schedules::create)
        .rate(0.0222, 10),
    Operation::get("reports.getReportSchedules", "/reports/2021-06-30/schedules", schedules::list).rate(0.0222, 10),
    Operation::get("reports.getReportSchedule", schedules::PATH, schedules::get).rate(0.0222, 10),
    Operation::delete("reports.cancelReportSchedule", schedules::PATH, schedules::cancel).rate(0.0222, 10),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    report_type: String,
    marketplace_ids: Vec<String>,
    data_start_time: Option<String>,
    data_end_time: Option<String>,
    // Values that aren't strings are refused, as Amazon refuses them.
    #[serde(default)]
    report_options: Option<BTreeMap<String, String>>,
}

fn create(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let wanted: Wanted = call.body()?;
    let kind = allowed(amazon, call, &wanted.report_type, &wanted.marketplace_ids)?;
    let end = |name: &str, text: &Option<String>| text.as_deref().map(|text| call::moment(name, text)).transpose();
    let (from, to) = (end("dataStartTime", &wanted.data_start_time)?, end("dataEndTime", &wanted.data_end_time)?);
    let range_given = from.is_some() && to.is_some();
    let (from, to) = (from.unwrap_or(call.now()), to.unwrap_or(call.now()).min(call.now()));
    if to < from {
        return Err(Answer::invalid("dataEndTime must be after dataStartTime."));
    }
    if kind.span_days.is_some_and(|days| to - from > TimeDelta::days(days)) {
        let days = kind.span_days.unwrap_or_default();
        return Err(Answer::invalid(format!("The date range of {} may not be longer than {days} days.", kind.name)));
    }
    let mut request = desk::Request {
        seller: call.seller().to_owned(),
        region: call.region.to_owned(),
        query: ReportQuery {
            report_type: wanted.report_type,
            marketplaces: wanted.marketplace_ids,
            from,
            to,
            options: wanted.report_options.unwrap_or_default(),
        },
        range_given,
        schedule: None,
        at: call.now(),
        fault: None,
    };
    let spared = amazon.reports.spares(&request.subject());
    let faults = [Kind::ReportCancelled, Kind::ReportFatal, Kind::SlowReport];
    let mut possible = faults.into_iter().filter(|fault| *fault != Kind::ReportCancelled || !spared);
    request.fault = possible.find(|fault| call.strikes(amazon, *fault));
    let report = amazon.reports.create(amazon, kind, request);
    Ok(Answer::json(202, &json!({ "reportId": report.id })))
}

/// The report type, if the application may request it for these marketplaces.
fn allowed(
    amazon: &Amazon,
    call: &Call<'_>,
    name: &str,
    marketplaces: &[String],
) -> Result<&'static ReportType, Answer> {
    let kind = report_type(name).ok_or_else(|| Answer::invalid(format!("Invalid report type: {name}.")))?;
    if !kind.requestable {
        return Err(Answer::invalid(format!("Report type {name} is not allowed at this time.")));
    }
    if amazon.withholds(kind.role) {
        return Err(Answer::unauthorized("The application does not have the role that this report type needs."));
    }
    let most = if kind.one_marketplace { 1 } else { 25 };
    if marketplaces.is_empty() || marketplaces.len() > most {
        return Err(Answer::invalid(format!("marketplaceIds must have between 1 and {most} values.")));
    }
    sold_in(amazon, call, marketplaces)?;
    Ok(kind)
}

fn get(amazon: &Amazon, call: &Call<'_>) -> Reply {
    amazon.reports.run_schedules(amazon, call.region, call.now());
    let id = call.name("reportId");
    if let Some(report) = amazon.reports.get(call.seller(), id).filter(|report| report.created + RETENTION > call.now())
    {
        return found(&report.shown(amazon, call.now()));
    }
    let made = made_by_amazon(amazon, call.seller(), call.now()).find(|report| report.report_id == id);
    made.map_or_else(|| Err(Answer::not_found("Report")), |report| found(&shown(&report)))
}

/// Reports nobody requested, as far as they are kept.
fn made_by_amazon(amazon: &Amazon, seller: &str, now: DateTime<Utc>) -> impl Iterator<Item = Listed> {
    listed_types()
        .flat_map(move |kind| listed(&amazon.world, seller, kind.name, now))
        .filter(move |report| report.created_at + RETENTION > now && report.created_at <= now)
}

fn shown(report: &Listed) -> Value {
    json!({
        "reportType": report.report_type,
        "processingEndTime": stamp(report.created_at),
        "processingStatus": "DONE",
        "marketplaceIds": report.marketplaces,
        "reportDocumentId": report.document_id,
        "reportId": report.report_id,
        "dataEndTime": stamp(report.to),
        "createdTime": stamp(report.created_at),
        "processingStartTime": stamp(report.created_at),
        "dataStartTime": stamp(report.from),
    })
}

fn cancel(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let id = call.name("reportId");
    if amazon.reports.get(call.seller(), id).is_none() {
        return Err(Answer::not_found("Report"));
    }
    if !amazon.reports.cancel(call.seller(), id, call.now()) {
        return Err(Answer::invalid("Only reports in queue can be cancelled."));
    }
    Ok(Answer::empty(200))
}

fn list(amazon: &Amazon, call: &Call<'_>) -> Reply {
    amazon.reports.run_schedules(amazon, call.region, call.now());
    // The filter travels in the token, since nothing else may come with it.
    let Some(request) = carried(call, "nextToken")? else { return list_page(amazon, call) };
    if call.query().names().any(|name| name != "nextToken") {
        return Err(Answer::invalid("nextToken must be the only parameter."));
    }
    list_page(amazon, &call.again(&request))
}

fn list_page(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let query = call.query();
    let types = query.required_list("reportTypes", 10)?;
    let statuses = query.list("processingStatuses");
    if let Some(unknown) = statuses.iter().find(|status| !STATUSES.contains(&status.as_str())) {
        return Err(Answer::invalid(format!("Invalid processingStatuses: {unknown}.")));
    }
    let marketplaces = query.list("marketplaceIds");
    let since = query.moment("createdSince")?;
    // The first page is checked only: by the last one the filter may have grown too old.
    if query.get("nextToken").is_none() && since.is_some_and(|since| since < call.now() - RETENTION) {
        return Err(Answer::invalid("createdSince must be within the last 90 days."));
    }
    let until = query.moment("createdUntil")?;
    let paging = Paging::new("nextToken", query.number("pageSize", 1..=100, 10)?, TimeDelta::hours(1));
    let page = paging.page(amazon, call, |now| {
        let (since, until) = (since.unwrap_or(now - RETENTION), until.unwrap_or(now));
        let requested = amazon.reports.of(call.seller(), since, until);
        let requested = requested.iter().map(|report| (report.created, report.id.clone(), report.shown(amazon, now)));
        let made = made_by_amazon(amazon, call.seller(), now)
            .filter(|report| report.created_at >= since && report.created_at <= until)
            .map(|report| (report.created_at, report.report_id.clone(), shown(&report)));
        let mut all: Vec<_> =
            requested.chain(made).filter(|(_, _, report)| wanted(report, &types, &statuses, &marketplaces)).collect();
        all.sort_by(|a, b| (b.0, &b.1).cmp(&(a.0, &a.1)));
        all.into_iter().map(|(_, _, report)| report).collect()
    })?;
    let mut body = under("reports", page.items);
    if let Some(next) = page.next {
        body["nextToken"] = json!(carry(call, "nextToken", &next));
    }
    found(&body)
}

fn wanted(report: &Value, types: &[String], statuses: &[String], marketplaces: &[String]) -> bool {
    let one_of =
        |list: &[String], value: &Value| value.as_str().is_some_and(|value| list.iter().any(|known| known == value));
    let shared = report["marketplaceIds"].as_array().is_some_and(|ids| ids.iter().any(|id| one_of(marketplaces, id)));
    one_of(types, &report["reportType"])
        && (statuses.is_empty() || one_of(statuses, &report["processingStatus"]))
        && (marketplaces.is_empty() || shared)
}
