//! `meta.jobs`: the queue.

use sellerlake_state::{Job, JobFilter};

use super::declared::{TableOf, at_once, count, instant, text, wall};

pub(super) static TABLE: TableOf<Job> = TableOf {
    name: "jobs",
    doc: "Requests to Amazon that are planned, under way or over. Those that are over are forgotten after some time.",
    columns: &[
        text("job_id", "The job.", |job| Some(job.id.clone())),
        text("seller_id", "Whose it is.", |job| Some(job.account.seller.to_string())),
        text("account", "The account it calls for.", |job| Some(job.account.to_string())),
        text("pipeline", "The pipeline.", |job| Some(job.pipeline.clone())),
        text("scope", "What the request covers.", |job| Some(job.scope.to_string())),
        wall("window_from", "Start of the span it asks for, by the scope's own clock.", |job| {
            job.window.map(|window| window.from)
        }),
        wall("window_to", "End of that span, itself not asked for.", |job| job.window.map(|window| window.to)),
        text("key", "What else tells it from others of the pipeline.", |job| {
            Some(job.key.clone()).filter(|key| !key.is_empty())
        }),
        text("priority", "manual, notification, scheduled, restatement or backfill: who goes first.", |job| {
            Some(job.priority.to_string())
        }),
        text("status", "queued, running, done, or dead: failed for good and waiting for a person.", |job| {
            Some(job.status.to_string())
        }),
        count("attempt", "Failed attempts so far.", |job| Some(u64::from(job.attempt))),
        instant("not_before", "When its turn may come.", |job| Some(job.not_before)),
        text("error_kind", "The kind of error it last failed by.", |job| {
            job.error.as_ref().map(|error| error.kind.clone())
        }),
        text("error", "What happened then.", |job| job.error.as_ref().map(|error| error.message.clone())),
        instant("created_at", "When it was planned.", |job| Some(job.created_at)),
        instant("updated_at", "When this was last said.", |job| Some(job.updated_at)),
    ],
    read: |sight, seller| {
        at_once(async move { sight.shared.state.jobs(&JobFilter { seller, ..JobFilter::default() }).await })
    },
};
