//! `meta.runs`: the log of what was done when.

use sellerlake_state::{Run, RunFilter};

use super::declared::{TableOf, at_once, count, instant, text};

pub(super) static TABLE: TableOf<Run> = TableOf {
    name: "runs",
    doc: "What was done when, and what came of it. A run of no account is seen by who may see every seller.",
    columns: &[
        text("run_id", "The run.", |run| Some(run.id.clone())),
        text("seller_id", "Whose, where it was of one account.", |run| {
            run.account.as_ref().map(|account| account.seller.to_string())
        }),
        text("account", "The account.", |run| run.account.as_ref().map(ToString::to_string)),
        text("pipeline", "The pipeline, or the command.", |run| Some(run.pipeline.clone())),
        instant("started_at", "When it began.", |run| Some(run.started_at)),
        instant("ended_at", "When it ended.", |run| run.ended_at),
        text("outcome", "running, succeeded, partial, failed or interrupted.", |run| Some(run.outcome.to_string())),
        count("calls", "Calls to Amazon.", |run| Some(run.calls)),
        count("rows", "Rows loaded.", |run| Some(run.rows)),
        text("message", "What there is to say of it.", |run| run.message.clone()),
    ],
    read: |sight, seller| {
        at_once(async move { sight.shared.state.runs(&RunFilter { seller, ..RunFilter::default() }).await })
    },
};
