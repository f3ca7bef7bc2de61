use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::declared::pipeline::{Restate, Zone};
use crate::declared::span::Span;

fn at(text: &str) -> DateTime<Utc> {
    let day: NaiveDate = text[..10].parse().unwrap();
    let time = text.get(11..).map_or(NaiveTime::MIN, |time| time.parse().unwrap());
    day.and_time(time).and_utc()
}

fn rule(align: Align, span: i64, reach: i64, restate: &[(i64, i64)]) -> WindowRule {
    let restate =
        restate.iter().map(|(horizon, every)| Restate { horizon: Span::days(*horizon), every: Span::days(*every) });
    WindowRule {
        align,
        zone: Zone::Utc,
        span: Span::days(span),
        lag: Span::ZERO,
        reach: Span::days(reach),
        overlap: Span::ZERO,
        margin: Span::ZERO,
        restate: restate.collect(),
    }
}

fn shown(planned: &[Planned]) -> Vec<String> {
    planned.iter().map(|planned| format!("{} {:?}", planned.window, planned.priority)).collect()
}

/// What a ledger would hold once every window was answered for at `now`.
fn told(ledger: &[Answered], need: &Need, windows: &[Window], now: DateTime<Utc>) -> Vec<Answered> {
    let taken: Intervals = windows.iter().copied().collect();
    let mut told: Vec<Answered> = windows.iter().flat_map(|window| answered(need, *window, now)).collect();
    for known in ledger {
        let left = Intervals::from(known.window).minus(&taken);
        told.extend(left.spans().iter().map(|window| Answered { window: *window, again_at: known.again_at }));
    }
    told
}

fn windows(planned: &[Planned]) -> Vec<Window> {
    planned.iter().map(|planned| planned.window).collect()
}

#[test]
fn history_is_cut_from_the_newest_back() {
    let need = Need::Window(rule(Align::Day, 31, 95, &[]));
    let outlook = Outlook { now: at("2026-11-25 09:00:00"), since: None, known: &[], busy: &[] };
    assert_eq!(
        shown(&plan(&need, &outlook)),
        [
            "2026-10-25T00:00:00Z..2026-11-25T00:00:00Z Scheduled",
            "2026-09-24T00:00:00Z..2026-10-25T00:00:00Z Backfill",
            "2026-08-24T00:00:00Z..2026-09-24T00:00:00Z Backfill",
            "2026-08-23T00:00:00Z..2026-08-24T00:00:00Z Backfill",
        ]
    );
}

#[test]
fn the_newest_and_what_may_have_changed_share_a_request() {
    let need = Need::Window(rule(Align::Day, 31, 95, &[(4, 1)]));
    let all = Window { from: at("2026-08-01"), to: at("2026-11-24") };
    let known = told(&[], &need, &[all], at("2026-11-24 09:00:00"));
    let outlook = Outlook { now: at("2026-11-25 09:00:00"), since: None, known: &known, busy: &[] };
    assert_eq!(shown(&plan(&need, &outlook)), ["2026-11-21T00:00:00Z..2026-11-25T00:00:00Z Scheduled"]);
}

#[test]
fn an_outage_longer_than_the_horizon_is_made_good() {
    let need = Need::Window(rule(Align::Day, 1, 95, &[(3, 1)]));
    let day = Window { from: at("2026-11-01"), to: at("2026-11-02") };
    let early = told(&[], &need, &[day], at("2026-11-02 01:00:00"));
    let late = told(&[], &need, &[day], at("2026-11-04 01:00:00"));
    let since = Some(day.from);
    let of = |known: &[Answered]| {
        let outlook = Outlook { now: at("2026-11-20"), since, known, busy: &[] };
        plan(&need, &outlook).iter().filter(|planned| planned.window == day).count()
    };
    assert_eq!((of(&early), of(&late)), (1, 0));
}

#[test]
fn months_are_asked_for_one_by_one_once_they_are_known() {
    let mut months = rule(Align::Month, 1, 100, &[]);
    months.lag = Span::days(15);
    let outlook = Outlook { now: at("2026-11-25"), since: None, known: &[], busy: &[] };
    let planned = shown(&plan(&Need::Window(months), &outlook));
    assert_eq!(
        planned,
        ["2026-10-01T00:00:00Z..2026-11-01T00:00:00Z Scheduled", "2026-09-01T00:00:00Z..2026-10-01T00:00:00Z Backfill"]
    );
}

#[test]
fn a_snapshot_is_taken_once_a_period() {
    let need = Need::Snapshot(Span::days(1));
    let now = at("2026-11-25 09:00:00");
    let first = plan(&need, &Outlook { now, since: None, known: &[], busy: &[] });
    assert_eq!(shown(&first), ["2026-11-25T00:00:00Z..2026-11-26T00:00:00Z Scheduled"]);
    let known = told(&[], &need, &windows(&first), now);
    let later = Outlook { now: now + TimeDelta::hours(14), since: None, known: &known, busy: &[] };
    assert!(plan(&need, &later).is_empty());
    let tomorrow = Outlook { now: now + TimeDelta::hours(15), since: None, known: &known, busy: &[] };
    assert_eq!(plan(&need, &tomorrow).len(), 1);
}

#[derive(Debug, Clone)]
struct Case {
    rule: WindowRule,
    now: DateTime<Utc>,
    known: Vec<Answered>,
    busy: Vec<Window>,
}

fn case() -> impl Strategy<Value = Case> {
    let align = prop_oneof![Just(Align::Instant), Just(Align::Day), Just(Align::Month)];
    let restate = proptest::collection::vec((1_i64..20, 1_i64..8), 0..3);
    let rules = (align, 1_i64..40, 2_i64..200, 0_i64..40, 0_i64..20, restate);
    // Hours from a fixed day: where an interval begins, how long it is, how long after its end it was answered for.
    let intervals = proptest::collection::vec((0_i64..4800, 1_i64..400, 0_i64..600), 0..8);
    let busy = proptest::collection::vec((0_i64..4800, 1_i64..400), 0..3);
    (rules, 1000_i64..4900, intervals, busy).prop_map(
        |((align, span, reach, lag, overlap, restate), now, known, busy)| {
            let hour = |count: i64| at("2026-01-01") + TimeDelta::hours(count);
            let restate: Vec<(i64, i64)> =
                restate.into_iter().map(|(horizon, every)| (horizon.max(every), every)).collect();
            let mut rule = rule(align, span, reach, &restate);
            rule.lag = Span(TimeDelta::hours(lag));
            rule.overlap = Span(TimeDelta::hours(overlap.min(span * 24 - 1)));
            let aligned = |from: i64, length: i64| {
                let from = floor(hour(from), align);
                Window { from, to: ceiling(from + TimeDelta::hours(length), align) }
            };
            let now = hour(now);
            // A ledger holds disjoint intervals, none answered for in the future.
            let mut ledger: Vec<Answered> = Vec::new();
            for (from, length, after) in known {
                let window = aligned(from, length);
                let answered_at = (window.to + TimeDelta::hours(after)).min(now);
                ledger = told(&ledger, &Need::Window(rule.clone()), &[window], answered_at);
            }
            let busy = busy.into_iter().map(|(from, length)| aligned(from, length)).collect();
            Case { rule, now, known: ledger, busy }
        },
    )
}

proptest! {
    #[test]
    fn planned_and_known_make_all_that_is_required(case in case()) {
        let need = Need::Window(case.rule.clone());
        let outlook = Outlook { now: case.now, since: None, known: &case.known, busy: &case.busy };
        let planned = plan(&need, &outlook);
        let mut covered: Intervals = case.known.iter().map(|known| known.window).collect();
        case.busy.iter().for_each(|busy| covered.add(busy.from, busy.to));
        planned.iter().for_each(|planned| covered.add(planned.window.from, planned.window.to));
        if let Some(required) = required(&need, case.now, None) {
            prop_assert!(Intervals::from(required).minus(&covered).spans().is_empty());
            for planned in &planned {
                prop_assert!(Intervals::from(planned.window).minus(&required.into()).spans().is_empty(), "{planned:?} leaves {required}");
            }
        } else {
            prop_assert!(planned.is_empty());
        }
    }

    #[test]
    fn no_window_is_longer_than_amazon_takes(case in case()) {
        let outlook = Outlook { now: case.now, since: None, known: &case.known, busy: &case.busy };
        for Planned { window, .. } in plan(&Need::Window(case.rule.clone()), &outlook) {
            prop_assert!(window.from < window.to);
            match case.rule.align {
                Align::Month => prop_assert_eq!(window.to, following_month(window.from)),
                Align::Day | Align::Instant => prop_assert!(window.to - window.from <= case.rule.span.0),
            }
            prop_assert_eq!(floor(window.from, case.rule.align), window.from);
        }
    }

    #[test]
    fn what_is_busy_is_not_asked_for_again(case in case()) {
        let outlook = Outlook { now: case.now, since: None, known: &case.known, busy: &case.busy };
        let busy: Intervals = case.busy.iter().copied().collect();
        let months = case.rule.align == Align::Month;
        for Planned { window, .. } in plan(&Need::Window(case.rule.clone()), &outlook) {
            prop_assert!(months || !busy.meets(window), "{} is busy", window);
        }
    }

    #[test]
    fn planning_twice_plans_nothing(case in case()) {
        let need = Need::Window(case.rule.clone());
        let planned = plan(&need, &Outlook { now: case.now, since: None, known: &case.known, busy: &case.busy });
        let known = told(&case.known, &need, &windows(&planned), case.now);
        let again = plan(&need, &Outlook { now: case.now, since: None, known: &known, busy: &case.busy });
        prop_assert!(again.is_empty(), "{:?}", again);
        // Nor does it while the first plan is still being worked on.
        let mut busy = case.busy.clone();
        busy.extend(windows(&planned));
        let meanwhile = plan(&need, &Outlook { now: case.now, since: None, known: &case.known, busy: &busy });
        prop_assert!(meanwhile.is_empty(), "{:?}", meanwhile);
    }

    #[test]
    fn what_is_fresh_is_not_asked_for_without_need(case in case()) {
        let outlook = Outlook { now: case.now, since: None, known: &case.known, busy: &[] };
        let need = Need::Window(case.rule.clone());
        let planned = plan(&need, &outlook);
        let known: Intervals = case.known.iter().map(|known| known.window).collect();
        let fresh = known.minus(&stale(&outlook));
        for Planned { window, .. } in planned {
            prop_assert!(!Intervals::from(window).minus(&fresh).spans().is_empty(), "{} is fresh", window);
        }
    }
}
