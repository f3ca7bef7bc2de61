//! One budget of memory for all that a process does at once.
//!
//! Whoever begins a piece of work (a load, a month of a table, a statement) first takes a [`Portion`] out of a [`Share`],
//! and waits its turn where the share is given out. Within its portion nothing is refused. Beyond it, operators have what
//! nobody uses; when that runs short they spill down to their portion, or are refused.
//!
//! Nobody waits for a portion while holding one, so whoever holds one comes to its end, and whoever waits has a turn.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::common::resources_datafusion_err;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use tokio::sync::Notify;

/// What part of the budget is for whom, in eighths. A quarter is left for operators that outgrow their portion and can't spill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Loads and rebuilds.
    Work,
    /// Statements, many at once.
    Asking,
    /// Statements that ran short beside others, one at a time.
    Heavy,
}

impl Share {
    const ALL: [Self; 3] = [Self::Work, Self::Asking, Self::Heavy];

    const fn eighths(self) -> usize {
        match self {
            Self::Work => 2,
            Self::Asking => 1,
            Self::Heavy => 3,
        }
    }
}

/// Operators that can spill needn't as long as they have so much of the budget: with less, they would write file after file.
const SMALL: usize = 32;

/// The memory of a process. Clones are the same budget.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    size: usize,
    ledger: Mutex<Ledger>,
    /// Whoever has been waiting longest for each share, and those behind.
    turns: [tokio::sync::Mutex<()>; 3],
    freed: Notify,
}

#[derive(Debug, Default)]
struct Ledger {
    /// Of every portion what it was given or what it uses, whichever is more.
    committed: usize,
    /// What portions were given, by share.
    given: [usize; 3],
    /// How many wait whose turn it is.
    waiting: usize,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(size_bytes: usize) -> Self {
        let turns = std::array::from_fn(|_| tokio::sync::Mutex::default());
        Self(Arc::new(Inner { size: size_bytes, ledger: Mutex::default(), turns, freed: Notify::new() }))
    }

    /// All of it, in bytes.
    pub fn size_bytes(&self) -> usize {
        self.0.size
    }

    /// Most that portions of a share have together, in bytes.
    pub fn share_bytes(&self, share: Share) -> usize {
        self.0.size / 8 * share.eighths()
    }

    /// A portion that nothing was given to yet.
    pub fn portion(&self) -> Portion {
        Portion { budget: self.clone(), state: Arc::default() }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one piece of work has of the budget: the pool that its operators take memory from. Clones are the same portion.
#[derive(Debug, Clone)]
pub struct Portion {
    budget: Budget,
    /// Locked after the ledger.
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct State {
    given: usize,
    spillable: usize,
    unspillable: usize,
    /// Operators that can spill.
    spilling: usize,
    /// Whether anything was refused that would have been there without others.
    crowded: bool,
}

impl State {
    fn used(&self) -> usize {
        self.spillable + self.unspillable
    }

    fn committed(&self) -> usize {
        self.given.max(self.used())
    }

    /// What one of those that can spill may have, where they share so much evenly.
    fn even(&self, bytes: usize) -> usize {
        bytes.saturating_sub(self.unspillable) / self.spilling.max(1)
    }

    fn of(&mut self, reservation: &MemoryReservation) -> &mut usize {
        if reservation.consumer().can_spill() { &mut self.spillable } else { &mut self.unspillable }
    }
}

/// Gives back what a portion was given.
#[derive(Debug)]
pub struct Given {
    portion: Portion,
    share: Share,
    bytes: usize,
}

/// One whose turn it is, for as long as it waits.
struct Waiting<'a>(&'a Budget);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.ledger().waiting -= 1;
    }
}

impl Portion {
    /// Gives it so many bytes of a share, or the whole share where that is less: in the order in which they were asked for,
    /// and not before they are there. May be dropped while it waits.
    pub async fn take(&self, share: Share, bytes: usize) -> Given {
        let bytes = bytes.min(self.budget.share_bytes(share));
        let _turn = self.budget.0.turns[share as usize].lock().await;
        self.budget.ledger().waiting += 1;
        let _waiting = Waiting(&self.budget);
        loop {
            let mut freed = std::pin::pin!(self.budget.0.freed.notified());
            freed.as_mut().enable();
            if self.give(share, bytes) {
                return Given { portion: self.clone(), share, bytes };
            }
            freed.await;
        }
    }

    /// False where it isn't there yet. It always is for one that is alone.
    fn give(&self, share: Share, bytes: usize) -> bool {
        let mut ledger = self.budget.ledger();
        let mut state = self.state();
        let after = State { given: state.given + bytes, ..*state };
        let committed = ledger.committed - state.committed() + after.committed();
        let alone = ledger.given == [0; Share::ALL.len()];
        let fits = ledger.given[share as usize] + bytes <= self.budget.share_bytes(share)
            && committed <= self.budget.size_bytes();
        if fits || alone {
            *state = after;
            ledger.given[share as usize] += bytes;
            ledger.committed = committed;
        }
        fits || alone
    }

    /// Whether anything was refused that would have been there without others.
    pub fn was_crowded(&self) -> bool {
        self.state().crowded
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut ledger = self.budget.ledger();
        let mut state = self.state();
        let before = state.committed();
        change(&mut state);
        ledger.committed = ledger.committed - before + state.committed();
        let freed = state.committed() < before && ledger.waiting > 0;
        drop((state, ledger));
        if freed {
            self.budget.0.freed.notify_waiters();
        }
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        self.portion.budget.ledger().given[self.share as usize] -= self.bytes;
        self.portion.change(|state| state.given -= self.bytes);
        // The share has room, even where the portion uses as much as before.
        self.portion.budget.0.freed.notify_waiters();
    }
}

impl fmt::Display for Portion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(used: {}, size: {})", self.name(), self.reserved(), self.budget.size_bytes())
    }
}

impl MemoryPool for Portion {
    fn name(&self) -> &'static str {
        "portion"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.state().spilling += usize::from(consumer.can_spill());
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.state().spilling -= usize::from(consumer.can_spill());
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.change(|state| *state.of(reservation) += additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.change(|state| *state.of(reservation) -= shrink);
    }

    /// Even shares from the start would make one large aggregation spill while most of the memory is free; without any, the
    /// first operator to grow would leave nothing for the merge of what others have spilled.
    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut ledger = self.budget.ledger();
        let mut state = self.state();
        let (size, wanted) = (self.budget.size_bytes(), reservation.size() + additional);
        let others = ledger.committed - state.committed();
        let mut after = *state;
        *after.of(reservation) += additional;
        let committed = others + after.committed();
        // What has nothing yet has nothing to spill.
        let can_spill = reservation.consumer().can_spill();
        let yields = can_spill && reservation.size() > 0 && wanted > size / SMALL;
        let within = after.used() <= state.given;
        let granted = if committed <= size / 4 * 3 && (within || !yields || ledger.waiting == 0) {
            true
        } else if others == 0 && ledger.waiting == 0 {
            committed <= size && (!yields || wanted <= state.even(size))
        } else if yields {
            within && wanted <= state.even(state.given)
        } else {
            within || committed <= if can_spill { size / 8 * 7 } else { size }
        };
        if granted {
            ledger.committed = committed;
            *state = after;
            return Ok(());
        }
        state.crowded |= others > 0 || ledger.waiting > 0;
        let (consumer, held, used) = (reservation.consumer().name(), reservation.size(), state.used());
        Err(resources_datafusion_err!(
            "{consumer} holds {held} bytes and can't have {additional} more: of {size} it and what belongs to it use \
             {used}, and others {others}"
        ))
    }

    fn reserved(&self) -> usize {
        self.state().used()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.budget.size_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures::poll;

    use super::*;

    const MIB: usize = 1 << 20;

    fn consumer(portion: &Portion, can_spill: bool) -> MemoryReservation {
        let pool: Arc<dyn MemoryPool> = Arc::new(portion.clone());
        MemoryConsumer::new("operator").with_can_spill(can_spill).register(&pool)
    }

    #[tokio::test]
    async fn a_share_is_given_out_in_the_order_it_was_asked_for() {
        let budget = Budget::new(64 * MIB);
        let portions: Vec<Portion> = (0..4).map(|_| budget.portion()).collect();
        let [mut first, mut second, mut third, mut fourth] =
            std::array::from_fn(|at| Box::pin(portions[at].take(Share::Work, [12 * MIB, 12 * MIB, MIB, MIB][at])));
        let Poll::Ready(given) = poll!(&mut first) else { panic!("there is enough") };
        assert!(poll!(&mut second).is_pending(), "a share of 16 MiB");
        assert!(poll!(&mut third).is_pending(), "it would fit, but it came later");
        assert!(poll!(&mut fourth).is_pending());
        // Other shares aren't held up.
        drop(budget.portion().take(Share::Asking, MIB).await);
        // Whoever goes away holds up nobody.
        drop(third);
        drop(given);
        let Poll::Ready(_second) = poll!(&mut second) else { panic!("it was its turn") };
        assert!(poll!(&mut fourth).is_ready());
    }

    #[tokio::test]
    async fn one_that_is_alone_always_goes_on() {
        let budget = Budget::new(64 * MIB);
        let idle = budget.portion();
        let left = consumer(&idle, false);
        left.grow(100 * MIB);
        let portion = budget.portion();
        let given = portion.take(Share::Work, usize::MAX).await;
        assert_eq!(given.bytes, budget.share_bytes(Share::Work));
        consumer(&portion, false).try_grow(16 * MIB).unwrap();
    }

    #[tokio::test]
    async fn nothing_is_refused_within_a_portion_and_beyond_it_what_is_used() {
        let budget = Budget::new(64 * MIB);
        let (one, other) = (budget.portion(), budget.portion());
        let _one = one.take(Share::Work, 8 * MIB).await;
        let _other = other.take(Share::Heavy, 8 * MIB).await;
        let (sort, join) = (consumer(&one, true), consumer(&other, false));
        sort.try_grow(40 * MIB).unwrap();
        assert!(sort.try_grow(MIB).is_err(), "three quarters are in use: it can spill");
        join.try_grow(24 * MIB).unwrap();
        assert!(join.try_grow(MIB).is_err(), "all is in use");
        assert!(other.was_crowded());
        sort.free();
        join.free();
        consumer(&one, false).grow(100 * MIB);
        join.try_grow(8 * MIB).unwrap();
    }

    #[tokio::test]
    async fn whoever_can_spill_makes_room_for_those_who_wait() {
        let budget = Budget::new(64 * MIB);
        let (heavy, next) = (budget.portion(), budget.portion());
        let _heavy = heavy.take(Share::Asking, 8 * MIB).await;
        let (sort, join) = (consumer(&heavy, true), consumer(&heavy, false));
        join.try_grow(40 * MIB).unwrap();
        sort.try_grow(4 * MIB).unwrap();
        let mut waiting = Box::pin(next.take(Share::Heavy, 24 * MIB));
        assert!(poll!(&mut waiting).is_pending());
        sort.try_grow(MIB).unwrap_err();
        join.shrink(4 * MIB);
        assert!(poll!(&mut waiting).is_ready());
    }

    #[tokio::test]
    async fn those_that_spill_share_evenly_when_it_runs_short() {
        let portion = Budget::new(64 * MIB).portion();
        let _given = portion.take(Share::Asking, MIB).await;
        let (large, small) = (consumer(&portion, true), consumer(&portion, true));
        large.try_grow(48 * MIB).unwrap();
        assert!(large.try_grow(MIB).is_err());
        assert!(!portion.was_crowded(), "nobody else has anything");
        small.try_grow(MIB).unwrap();
        small.try_grow(15 * MIB).unwrap();
    }

    /// Many at once that take, grow, give back and go away: all come to an end, and nothing is left over or taken twice.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn however_many_there_are_all_come_to_their_end() {
        let budget = Budget::new(64 * MIB);
        let work = |number: usize, budget: Budget| async move {
            let luck = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            let portion = budget.portion();
            let given = portion.take(Share::ALL[luck % 3], luck % (40 * MIB)).await;
            let (sort, join) = (consumer(&portion, true), consumer(&portion, false));
            for step in 0..8 {
                if sort.try_grow(luck % 7 * MIB).is_err() {
                    sort.free();
                }
                let _refused = join.try_grow((luck >> step) % 3 * MIB);
                assert!(budget.ledger().committed <= budget.size_bytes());
                tokio::task::yield_now().await;
            }
            drop(given);
        };
        let all = futures::future::join_all((0..300).map(|number| {
            let working = tokio::spawn(work(number, budget.clone()));
            if number % 10 == 0 {
                working.abort();
            }
            working
        }));
        let all = tokio::time::timeout(std::time::Duration::from_mins(1), all).await.expect("somebody waits for ever");
        assert!(all.into_iter().all(|done| done.map_or_else(|error| error.is_cancelled(), |()| true)));
        let ledger = budget.ledger();
        assert_eq!((ledger.committed, ledger.given, ledger.waiting), (0, [0; 3], 0));
    }
}
