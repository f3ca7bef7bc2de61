//! How often and how soon each kind of failure is tried again: a table, and the place in it.

use std::time::Duration;

use crate::failure::{CallFault, Failure};

/// Attempts at one call, the first included, and the waits between them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    attempts: usize,
    /// Seconds before the second, third, ... attempt; the last one repeats.
    delays: &'static [u64],
}

const ONCE: Policy = Policy { attempts: 1, delays: &[] };

/// The policy of a fault.
pub(crate) fn policy(fault: CallFault) -> Policy {
    match fault {
        // The emptied bucket says how long to wait (`quota`), twice as long each time.
        CallFault::Throttled => Policy { attempts: 6, delays: &[0] },
        CallFault::Internal => Policy { attempts: 4, delays: &[1, 4, 16] },
        CallFault::Unavailable => Policy { attempts: 5, delays: &[2, 8, 30] },
        CallFault::NotAnAnswer | CallFault::CutShort | CallFault::NoConnection | CallFault::HungUp => {
            Policy { attempts: 4, delays: &[1, 5, 20] }
        }
        CallFault::TimedOut => Policy { attempts: 3, delays: &[2, 15] },
        CallFault::Expired => Policy { attempts: 4, delays: &[0, 2, 10] },
        // Once with a new token.
        CallFault::Token => Policy { attempts: 2, delays: &[0] },
        // Refusals that come and go have been seen (amazon.md: Headers and error answers).
        CallFault::Denied => Policy { attempts: 2, delays: &[5] },
        CallFault::Invalid | CallFault::NotFound | CallFault::Duplicate | CallFault::Ours => ONCE,
    }
}

/// The failures of one call so far.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    seen: Vec<CallFault>,
}

impl Tries {
    /// How long to wait before trying again, or `None` to give up. `jitter` in `0..1` spreads callers over the half
    /// above the policy's delay; a hint of the server's wins. A call that creates something is repeated only if it is
    /// certain that nothing was created.
    pub(crate) fn after(&mut self, failure: &Failure, creates: bool, jitter: f64) -> Option<Duration> {
        self.seen.push(failure.fault);
        let policy = policy(failure.fault);
        let failed = self.seen.iter().filter(|seen| **seen == failure.fault).count();
        if failed >= policy.attempts || (creates && failure.fault.leaves_doubt()) {
            return None;
        }
        let delay = policy.delays.get(failed - 1).or(policy.delays.last()).copied().unwrap_or_default();
        Some(failure.hint.unwrap_or_else(|| Duration::from_secs(delay).mul_f64(1.0 + jitter / 2.0)))
    }

    /// Attempts made.
    pub(crate) fn made(&self) -> usize {
        self.seen.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(fault: CallFault, hint: Option<u64>) -> Failure {
        Failure { fault, text: String::new(), hint: hint.map(Duration::from_secs), error: fault.error("x") }
    }

    #[test]
    fn delays_grow_and_end() {
        let mut tries = Tries::default();
        let waits: Vec<_> = (0..4)
            .map(|_| tries.after(&failure(CallFault::Internal, None), false, 0.0).map(|wait| wait.as_secs()))
            .collect();
        assert_eq!(waits, [Some(1), Some(4), Some(16), None]);
    }

    #[test]
    fn the_servers_hint_wins_and_refusals_are_final() {
        assert_eq!(
            Tries::default().after(&failure(CallFault::Unavailable, Some(90)), false, 0.9),
            Some(Duration::from_secs(90))
        );
        assert_eq!(Tries::default().after(&failure(CallFault::Invalid, None), false, 0.0), None);
    }

    #[test]
    fn nothing_is_created_twice_out_of_doubt() {
        assert_eq!(Tries::default().after(&failure(CallFault::TimedOut, None), true, 0.0), None);
        assert!(Tries::default().after(&failure(CallFault::NoConnection, None), true, 0.0).is_some());
    }
}
