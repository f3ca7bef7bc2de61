//! Two weeks, closed to the cent.

use chrono::{DateTime, TimeDelta, Utc};

use super::Growth;
use crate::world::{Charge, Line, Marketplace, Settlement, TransactionKind, What, hashed};

const PERIOD: TimeDelta = TimeDelta::days(14);

impl Growth {
    pub(super) fn settle(&mut self) {
        let mut areas: Vec<Vec<&'static Marketplace>> = Vec::new();
        for market in self.seller.marketplaces.clone() {
            match areas.iter_mut().find(|area| area[0].currency == market.currency) {
                Some(area) => area.push(market),
                None => areas.push(vec![market]),
            }
        }
        for area in areas {
            self.settle_area(&area);
        }
    }

    fn settle_area(&mut self, area: &[&'static Marketplace]) {
        let mut open: Vec<(DateTime<Utc>, usize)> = self
            .seller
            .transactions
            .iter()
            .enumerate()
            .filter(|(_, transaction)| transaction.market.currency == area[0].currency)
            .map(|(place, transaction)| (transaction.settles_at(), place))
            .collect();
        open.sort_unstable();
        let Some(last) = open.last().map(|(at, _)| *at) else { return };
        let mut start = self.birth() + self.minutes(60, 60 * 24 * 3) - PERIOD;
        let mut reserve = 0;
        let mut rest = &open[..];
        while start <= last {
            let end = start + PERIOD;
            let (now, later) = rest.split_at(rest.partition_point(|(at, _)| *at < end));
            rest = later;
            if !now.is_empty() {
                reserve = self.close(area, start, end, now.iter().map(|(_, place)| *place).collect(), reserve);
            }
            start = end;
        }
    }

    /// Closes one period; gives what is kept back for the next.
    fn close(
        &mut self,
        area: &[&'static Marketplace],
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        transactions: Vec<usize>,
        previous_reserve: i64,
    ) -> i64 {
        let earned: i64 = transactions.iter().map(|place| self.seller.transactions[*place].total()).sum();
        let sum = earned + previous_reserve;
        let current_reserve = if sum > 0 { sum / 12 } else { 0 };
        let total = sum - current_reserve;
        let number = self.number();
        let settlement = self.seller.settlements.len();
        self.seller.settlements.push(Settlement {
            id: 20_000_000_000 + hashed(&[number, 31]) % 9_999_999_999,
            group_id: format!("{:022x}", u128::from(hashed(&[number, 32])) * 977),
            markets: area.to_vec(),
            start,
            end,
            previous_reserve,
            current_reserve,
            total,
            transactions,
        });
        self.happens(end, What::SettlementClosed { settlement });
        if total > 0 {
            let at = end + TimeDelta::hours(2);
            let charge = Charge::FundTransfer;
            let line = Line { item: None, product: None, units: 0, charge, base: total, tax: 0 };
            self.post(TransactionKind::Transfer, area[0], at, None, None, None, vec![line]);
        }
        current_reserve
    }
}
