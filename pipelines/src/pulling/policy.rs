//! What becomes of a job that failed: one table from the kind of error to what is done about it.

use chrono::TimeDelta;
use sellerlake_contracts::{Error, Kind, Status};

/// What is done about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Try again after this long.
    Retry(TimeDelta),
    /// It hasn't passed for long: begin anew after this long, and tell somebody.
    Later(TimeDelta),
    /// This request stops and waits for a person.
    GiveUp,
    /// The whole pipeline stops: every request of it would fail alike.
    StopPipeline,
    /// The whole account stops until its seller authorises the application again.
    StopAccount,
    /// The run itself can't go on.
    Abort,
}

/// Failed attempts, of three quarters of an hour, after which a request is left alone for longer.
const ATTEMPTS: u32 = 8;

/// The same where a connector had tried again itself each time: fewer, so that one failure doesn't become dozens of calls.
pub(crate) const SPENT_ATTEMPTS: u32 = 4;

/// The longest time between the first attempts.
const LONGEST: TimeDelta = TimeDelta::hours(1);

/// The time between later ones. Longer than a scheduled run's patience: the next run goes on, unasked, however many
/// days Amazon is out of order.
const LATER: TimeDelta = TimeDelta::hours(6);

/// Says what to do about the `attempt`-th failure (from 1) of a request.
pub fn verdict(error: &Error, attempt: u32) -> Verdict {
    let (first, attempts) = match (error.kind(), error.status()) {
        (Kind::Unauthorized, _) => return Verdict::StopAccount,
        (Kind::Forbidden, _) => return Verdict::StopPipeline,
        // Our own disk, store or database fails: every request would, so the run ends and no request is marked as failed.
        (Kind::Storage, _) => return Verdict::Abort,
        (_, Status::Permanent) => return Verdict::GiveUp,
        (_, Status::Spent) => (TimeDelta::minutes(6), SPENT_ATTEMPTS),
        (Kind::Throttled, Status::Transient) => (TimeDelta::minutes(1), ATTEMPTS),
        (_, Status::Transient) => (TimeDelta::seconds(20), ATTEMPTS),
    };
    if attempt >= attempts {
        return Verdict::Later(LATER);
    }
    // Doubling; the factor is bounded by the attempts.
    Verdict::Retry((first * (1 << (attempt.max(1) - 1))).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again_ever_more_slowly_and_never_given_up() {
        let error = Error::transient(Kind::Throttled, "slow down");
        assert_eq!(verdict(&error, 1), Verdict::Retry(TimeDelta::minutes(1)));
        assert_eq!(verdict(&error, 3), Verdict::Retry(TimeDelta::minutes(4)));
        assert_eq!(verdict(&error, 7), Verdict::Retry(LONGEST));
        assert_eq!(verdict(&error, ATTEMPTS), Verdict::Later(LATER));
        assert_eq!(verdict(&error, 1000), Verdict::Later(LATER));
        let spent = error.spent();
        assert_eq!(verdict(&spent, 1), Verdict::Retry(TimeDelta::minutes(6)));
        assert_eq!(verdict(&spent, 3), Verdict::Retry(TimeDelta::minutes(24)));
        assert_eq!(verdict(&spent, SPENT_ATTEMPTS), Verdict::Later(LATER));
    }

    #[test]
    fn what_needs_a_person_is_not_tried_again() {
        let of = |kind| verdict(&Error::permanent(kind, ""), 1);
        assert_eq!(of(Kind::Unauthorized), Verdict::StopAccount);
        assert_eq!(of(Kind::Forbidden), Verdict::StopPipeline);
        assert_eq!(of(Kind::Refused), Verdict::GiveUp);
        assert_eq!(of(Kind::Storage), Verdict::Abort);
    }
}
