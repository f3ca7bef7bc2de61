//! What must hold inside one pipeline declaration, and between it and the source it fills.

use sellerlake_contracts::{ConnectorFacts, Keyed};
use sellerlake_schemas::{Findings, Unit};
use sellerlake_transforms::Declarations;

use crate::declared::pipeline::{Align, Need, Pipeline, WindowRule};
use crate::declared::span::Span;

pub(crate) fn check_pipeline(pipeline: &Pipeline, declarations: &Declarations, findings: &mut Findings) {
    let file = pipeline.file.as_str();
    if pipeline.doc.trim().is_empty() {
        findings.add(file, "doc", "says nothing");
    }
    if pipeline.every == Span::ZERO {
        findings.add(file, "every", "expected more than no time at all");
    }
    let ConnectorFacts { name, keyed, lag, parameters, .. } = pipeline.connector;
    for parameter in parameters.iter().filter(|parameter| !pipeline.parameters.contains_key(**parameter)) {
        findings.add(file, format!("parameters.{parameter}"), format!("{name} can't be asked without it"));
    }
    match (&pipeline.keys, keyed) {
        (None, Keyed::Always) => findings.add(file, "keys", format!("{name} must be asked for keys")),
        (Some(_), Keyed::Never) => findings.add(file, "keys", format!("{name} is never asked for keys")),
        (Some(keys), _) if keys.per_request == 0 => findings.add(file, "keys.per_request", "expected at least 1"),
        _ => {}
    }
    check_source(pipeline, declarations, findings);
    match &pipeline.need {
        Need::Window(rule) => {
            check_window(file, rule, findings);
            if rule.lag.0 < lag {
                let problem = format!("expected \"{}s\" or more: Amazon answers for nothing newer", lag.num_seconds());
                findings.add(file, "window.lag", problem);
            }
        }
        Need::Snapshot(period) if *period == Span::ZERO => {
            findings.add(file, "snapshot", "expected more than no time at all");
        }
        Need::Snapshot(_) => {}
    }
}

fn check_source(pipeline: &Pipeline, declarations: &Declarations, findings: &mut Findings) {
    let file = pipeline.file.as_str();
    let sources = &declarations.schemas.sources;
    let Some(source) = sources.get(&pipeline.source) else {
        let known = sources.keys().map(String::as_str);
        return findings.unknown(file, "source", "a declared source", &pipeline.source, known);
    };
    let expected = pipeline.scope.of_source();
    if source.scope != expected {
        let problem = format!("is {expected}, but {} is replaced by {}", source.name, source.scope);
        findings.add(file, "scope", problem);
    }
    let report_type = pipeline.parameters.get("report_type").or(pipeline.parameters.get("report_type_id"));
    if let Some(report_type) = report_type.filter(|name| !source.report_types.contains(name)) {
        let known = source.report_types.iter().map(String::as_str);
        let what = format!("a report type of source {}", source.name);
        findings.unknown(file, "parameters.report_type", &what, report_type, known);
    }
    match &pipeline.need {
        Need::Window(rule) => {
            let by_day = matches!(source.unit, Unit::Day(_));
            if by_day && rule.align == Align::Instant {
                findings.add(file, "window.align", format!("{} is replaced by whole days: \"day\"", source.name));
            }
            let one_by_one = source.rows.iter().filter_map(|rows| rows.unit.as_ref()).chain([&source.unit]);
            if one_by_one.into_iter().any(|unit| *unit == Unit::Period)
                && rule.align == Align::Day
                && rule.span != Span::days(1)
            {
                findings.add(file, "window.span", "is replaced by the whole period asked for, which must be \"1d\"");
            }
        }
        Need::Snapshot(_) if matches!(source.unit, Unit::Day(_) | Unit::Period) => {
            findings.add(
                file,
                "snapshot",
                format!("{} is replaced by the time asked for: write [window]", source.name),
            );
        }
        Need::Snapshot(_) => {}
    }
}

fn check_window(file: &str, rule: &WindowRule, findings: &mut Findings) {
    if rule.align != Align::Month && rule.span == Span::ZERO {
        findings.add(file, "window.span", "expected more than no time at all");
    }
    if rule.align == Align::Day && rule.span.0.num_seconds() % 86_400 != 0 {
        findings.add(file, "window.span", "expected whole days where windows begin at midnight");
    }
    if rule.reach <= rule.lag {
        findings.add(file, "window.reach", "expected more than `lag`: Amazon never knows anything otherwise");
    }
    if rule.overlap >= rule.span && rule.overlap != Span::ZERO {
        findings.add(file, "window.overlap", "expected less than `span`");
    }
    if rule.overlap != Span::ZERO && rule.align != Align::Instant {
        findings.add(file, "window.overlap", "only windows that end at any moment overlap: write align = \"instant\"");
    }
    if rule.margin > rule.lag {
        findings.add(file, "window.margin", "expected at most `lag`: nothing can be asked of the future");
    }
    for restate in &rule.restate {
        if restate.every == Span::ZERO || restate.every > restate.horizon {
            findings.add(file, "window.restate", "expected `every` to be more than nothing and at most `for`");
        }
        if restate.horizon > rule.reach {
            findings.add(file, "window.restate", "what lies beyond `reach` can't be asked for again");
        }
    }
}
