//! Whose turn it is: by time, by token bucket, by urgency, and then the newest first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sellerlake_state::Job;

/// Requests under way at once; how many of them reach Amazon is up to the token buckets.
const IN_FLIGHT: usize = 16;

/// Those of one operation: hundreds of requests of one kind must not keep the others from their own buckets.
const OF_ONE_OPERATION: usize = 6;

/// Orders what is queued. A bucket that was found empty lets one request at a time through once it may have a token
/// again, and the rest stay where they are: a thousand that wait for it don't all come and look.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// When a bucket that was found empty may have a token.
    opens: BTreeMap<String, DateTime<Utc>>,
    /// The bucket each request was sent back for, by the request's id.
    awaited: BTreeMap<String, String>,
    /// The bucket that an operation's requests begin with.
    begins: BTreeMap<String, String>,
    /// What is under way, by id: its operation, and the bucket it waited for.
    under_way: BTreeMap<String, (String, Option<String>)>,
}

impl Turns {
    /// When a request has its turn.
    pub(crate) fn turn(&self, job: &Job, operation: &str) -> DateTime<Utc> {
        let opens = self.bucket(job, operation).and_then(|bucket| self.opens.get(bucket));
        opens.map_or(job.not_before, |opens| job.not_before.max(*opens))
    }

    /// The ids of those that have their turn now and for which there is room, the first one first.
    pub(crate) fn next<'a>(&self, queue: impl Iterator<Item = (&'a Job, &'a str)>, now: DateTime<Utc>) -> Vec<String> {
        let mut room = IN_FLIGHT.saturating_sub(self.under_way.len());
        if room == 0 {
            return Vec::new();
        }
        let mut busy: BTreeMap<&str, usize> = BTreeMap::new();
        let mut passing: BTreeSet<&str> = BTreeSet::new();
        for (operation, bucket) in self.under_way.values() {
            *busy.entry(operation).or_default() += 1;
            passing.extend(bucket.as_deref());
        }
        let mut due: Vec<_> = queue.filter(|(job, operation)| self.turn(job, operation) <= now).collect();
        due.sort_by_key(|(job, _)| (job.priority, Reverse(job.window.map(|window| window.to)), job.id.as_str()));
        let mut next = Vec::new();
        for (job, operation) in due {
            let places = busy.entry(operation).or_default();
            let may_pass = self.bucket(job, operation).is_none_or(|bucket| passing.insert(bucket));
            if *places < OF_ONE_OPERATION && may_pass {
                *places += 1;
                room -= 1;
                next.push(job.id.clone());
            }
            if room == 0 {
                break;
            }
        }
        next
    }

    /// A request is on its way.
    pub(crate) fn begin(&mut self, job: &Job, operation: &str) {
        let bucket = self.bucket(job, operation).map(str::to_owned);
        self.awaited.remove(&job.id);
        self.under_way.insert(job.id.clone(), (operation.to_owned(), bucket));
    }

    /// A request is back, whatever it brings.
    pub(crate) fn end(&mut self, job: &Job) {
        self.under_way.remove(&job.id);
    }

    /// A request that is back found a bucket empty until then.
    pub(crate) fn found_empty(&mut self, job: &Job, operation: &str, bucket: &str, until: DateTime<Utc>) {
        if job.checkpoint.is_none() {
            self.begins.insert(operation.to_owned(), bucket.to_owned());
        }
        self.awaited.insert(job.id.clone(), bucket.to_owned());
        self.opens.insert(bucket.to_owned(), until);
    }

    fn bucket(&self, job: &Job, operation: &str) -> Option<&str> {
        let begins = || job.checkpoint.is_none().then(|| self.begins.get(operation)).flatten();
        self.awaited.get(&job.id).or_else(begins).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use sellerlake_contracts::{Scope, Window};
    use sellerlake_state::{JobStatus, Priority};

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn job(id: usize, priority: Priority) -> Job {
        let to = at(1000 * id as i64 + 1000);
        Job {
            id: format!("{id:03}"),
            account: "A1-eu".parse().unwrap(),
            pipeline: "traffic".into(),
            scope: Scope("A1".into()),
            window: Some(Window { from: to - TimeDelta::minutes(1000), to }),
            key: String::new(),
            priority,
            not_before: at(0),
            attempt: 0,
            checkpoint: None,
            error: None,
            status: JobStatus::Queued,
            created_at: at(0),
            updated_at: at(0),
        }
    }

    fn next(turns: &Turns, rows: &[Job], now: DateTime<Utc>) -> Vec<String> {
        turns.next(rows.iter().map(|job| (job, "report")), now)
    }

    #[test]
    fn the_urgent_and_then_the_newest_come_first_and_leave_room_for_others() {
        let mut rows: Vec<Job> = (0..20).map(|id| job(id, Priority::Backfill)).collect();
        rows[3].priority = Priority::Scheduled;
        let turns = Turns::default();
        assert_eq!(next(&turns, &rows, at(1)), ["003", "019", "018", "017", "016", "015"]);
        let others = rows.iter().map(|job| (job, if job.id.as_str() < "010" { "report" } else { "transactions" }));
        assert_eq!(turns.next(others, at(1)).len(), 2 * OF_ONE_OPERATION);
    }

    #[test]
    fn an_empty_bucket_lets_one_through_at_a_time() {
        let rows: Vec<Job> = (0..100).map(|id| job(id, Priority::Backfill)).collect();
        let mut turns = Turns::default();
        turns.begin(&rows[99], "report");
        turns.end(&rows[99]);
        turns.found_empty(&rows[99], "report", "createReport", at(60));
        assert!(next(&turns, &rows, at(59)).is_empty());
        assert_eq!(turns.turn(&rows[0], "report"), at(60));
        assert_eq!(next(&turns, &rows, at(60)), ["099"]);
        turns.begin(&rows[99], "report");
        assert!(next(&turns, &rows[..99], at(60)).is_empty());
        turns.end(&rows[99]);
        assert_eq!(next(&turns, &rows[..99], at(60)), ["098"]);
        // What has begun waits for other things.
        let begun = Job { checkpoint: Some("{}".into()), ..rows[0].clone() };
        assert_eq!(next(&turns, &[begun], at(1)), ["000"]);
    }
}
