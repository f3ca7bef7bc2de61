//! Events by what they are about, so that a window is found without reading the rest.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Event, Order, Seller, What};

/// What events are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thread {
    /// Orders, whatever happened to them.
    Orders,
    /// Parcels.
    Parcels,
    /// Transactions, posted or released.
    Money,
    /// Returns received.
    Returns,
    /// Reimbursements.
    Reimbursements,
    /// Units that moved or are on the way.
    Stock,
    /// Settlements closed.
    Settlements,
}

const THREADS: usize = 7;

/// Places of events in the seller's list, by thread, and of advertising events by profile and day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Timeline {
    threads: [Vec<usize>; THREADS],
    ads: BTreeMap<(usize, NaiveDate), Vec<usize>>,
    settlement_of: Vec<Option<usize>>,
    orders_by_id: Vec<usize>,
}

impl Timeline {
    /// Files the seller's events, which are in order already, and tells orders where their own are.
    pub(crate) fn file(seller: &mut Seller) {
        let mut timeline = Self::default();
        for (place, event) in seller.events.iter().enumerate() {
            let thread = match &event.what {
                What::Posted { .. } | What::Released { .. } => Some(Thread::Money),
                What::Returned { .. } => Some(Thread::Returns),
                What::Reimbursed { .. } => Some(Thread::Reimbursements),
                What::StockMoved(_) | What::InboundSent { .. } => Some(Thread::Stock),
                What::SettlementClosed { .. } => Some(Thread::Settlements),
                What::AdsCounted { ad, day, .. }
                | What::AdsCorrected { ad, day, .. }
                | What::AdsSold { ad, day, .. } => {
                    let profile = seller.campaigns[seller.ads[*ad].campaign].profile;
                    timeline.ads.entry((profile, *day)).or_default().push(place);
                    None
                }
                What::Shipped { .. } => {
                    timeline.threads[Thread::Parcels as usize].push(place);
                    Some(Thread::Orders)
                }
                what => what.order().map(|_| Thread::Orders),
            };
            if let Some(thread) = thread {
                timeline.threads[thread as usize].push(place);
            }
            if let Some(order) = event.what.order() {
                seller.orders[order].history.push(place);
            }
        }
        timeline.settlement_of = vec![None; seller.transactions.len()];
        for (place, settlement) in seller.settlements.iter().enumerate() {
            for transaction in &settlement.transactions {
                timeline.settlement_of[*transaction] = Some(place);
            }
        }
        timeline.orders_by_id = (0..seller.orders.len()).collect();
        timeline.orders_by_id.sort_by(|one, other| seller.orders[*one].id.cmp(&seller.orders[*other].id));
        seller.timeline = timeline;
    }

    /// Events of a thread in `[from, to)`.
    pub(crate) fn between<'a>(
        &'a self,
        events: &'a [Event],
        thread: Thread,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> impl Iterator<Item = (usize, &'a Event)> {
        let places = &self.threads[thread as usize];
        let start = places.partition_point(|place| events[*place].at < from);
        places[start..].iter().map(|place| (*place, &events[*place])).take_while(move |(_, event)| event.at < to)
    }

    /// The settlement a transaction counts in; none for payouts.
    pub(crate) fn settlement_of(&self, transaction: usize) -> Option<usize> {
        self.settlement_of.get(transaction).copied().flatten()
    }

    /// The place of the order with this id.
    pub(crate) fn order(&self, orders: &[Order], id: &str) -> Option<usize> {
        let found = self.orders_by_id.binary_search_by(|place| orders[*place].id.as_str().cmp(id)).ok()?;
        Some(self.orders_by_id[found])
    }

    /// Places of the events of a profile's day, oldest first.
    pub(crate) fn ads_of(&self, profile: usize, day: NaiveDate) -> &[usize] {
        self.ads.get(&(profile, day)).map_or(&[], Vec::as_slice)
    }
}
