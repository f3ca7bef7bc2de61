//! Report schedules: reports that request themselves.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::catalogue::report_type;
use super::schedule::{PERIODS, Schedule};
use super::{ReportDesk, allowed, desk};
use crate::reports::ReportQuery;
use crate::server::{Amazon, Answer, Call, Reply, call, chance, held};
use crate::spapi::found;

pub(super) const PATH: &str = "/reports/2021-06-30/schedules/{reportScheduleId}";
/// So many due reports are made at once; a schedule that slept longer skips the rest.
const CATCH_UP: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    report_type: String,
    marketplace_ids: Vec<String>,
    period: String,
    next_report_creation_time: Option<String>,
    #[serde(default)]
    report_options: Option<BTreeMap<String, String>>,
}

pub(super) fn create(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let wanted: Wanted = call.body()?;
    allowed(amazon, call, &wanted.report_type, &wanted.marketplace_ids)?;
    if wanted.period != "P1M" && !PERIODS.iter().any(|(name, _)| *name == wanted.period) {
        return Err(Answer::invalid(format!("Invalid period: {}.", wanted.period)));
    }
    let next = wanted.next_report_creation_time.as_deref();
    let next = next.map(|text| call::moment("nextReportCreationTime", text)).transpose()?;
    let mut ledger = held(&amazon.reports.0);
    let number = (call.number + 1).to_string();
    let schedule = Schedule {
        id: (chance::draw(amazon.seed, &["schedule", call.seller(), &number]) % 90_000_000_000 + 10_000_000_000)
            .to_string(),
        seller: call.seller().to_owned(),
        report_type: wanted.report_type,
        marketplaces: wanted.marketplace_ids,
        options: wanted.report_options.unwrap_or_default(),
        period: wanted.period,
        next: next.unwrap_or(call.now()).max(call.now()),
    };
    // One schedule per type and marketplaces, whoever made the earlier one.
    ledger.schedules.retain(|known| {
        (&known.seller, &known.report_type, &known.marketplaces)
            != (&schedule.seller, &schedule.report_type, &schedule.marketplaces)
    });
    let id = schedule.id.clone();
    ledger.schedules.push(schedule);
    Ok(Answer::json(201, &json!({ "reportScheduleId": id })))
}

pub(super) fn list(amazon: &Amazon, call: &Call<'_>) -> Reply {
    amazon.reports.run_schedules(amazon, call.region, call.now());
    let types = call.query().required_list("reportTypes", 10)?;
    let ledger = held(&amazon.reports.0);
    let mine =
        ledger.schedules.iter().filter(|known| known.seller == call.seller() && types.contains(&known.report_type));
    let shown: Vec<Value> = mine.map(Schedule::shown).collect();
    found(&json!({ "reportSchedules": shown }))
}

pub(super) fn get(amazon: &Amazon, call: &Call<'_>) -> Reply {
    amazon.reports.run_schedules(amazon, call.region, call.now());
    let ledger = held(&amazon.reports.0);
    let schedule = ledger.schedules.iter().find(|known| is_meant(known, call));
    schedule.map_or_else(|| Err(Answer::not_found("Report schedule")), |schedule| found(&schedule.shown()))
}

pub(super) fn cancel(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let mut ledger = held(&amazon.reports.0);
    let before = ledger.schedules.len();
    ledger.schedules.retain(|known| !is_meant(known, call));
    if ledger.schedules.len() == before {
        return Err(Answer::not_found("Report schedule"));
    }
    Ok(Answer::empty(200))
}

fn is_meant(schedule: &Schedule, call: &Call<'_>) -> bool {
    schedule.seller == call.seller() && schedule.id == call.name("reportScheduleId")
}

impl ReportDesk {
    /// Requests what schedules of a region have fallen due by `now`, each for the period that ends then.
    pub fn run_schedules(&self, amazon: &Amazon, region: &str, now: DateTime<Utc>) {
        let mut ledger = held(&self.0);
        let mut due = Vec::new();
        for schedule in ledger.schedules.iter_mut().filter(|known| amazon.region_of(&known.seller) == Some(region)) {
            let period = schedule.following() - schedule.next;
            for _ in 0..CATCH_UP {
                if schedule.next > now {
                    break;
                }
                due.push((schedule.clone(), schedule.next - period));
                schedule.next = schedule.following();
            }
        }
        for (schedule, from) in due {
            let Some(kind) = report_type(&schedule.report_type) else { continue };
            let query = ReportQuery {
                report_type: schedule.report_type,
                marketplaces: schedule.marketplaces,
                from,
                to: schedule.next,
                options: schedule.options,
            };
            let request = desk::Request {
                seller: schedule.seller,
                region: region.to_owned(),
                query,
                range_given: true,
                schedule: Some(schedule.id),
                at: schedule.next,
                fault: None,
            };
            ledger.create(amazon, kind, request);
        }
    }
}
