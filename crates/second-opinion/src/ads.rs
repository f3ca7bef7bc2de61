//! What the Ads reports say was spent, and what of the bills they don't explain.

use std::collections::BTreeMap;

use crate::books::{Day, Key, amount};
use crate::cell::Cell;
use crate::failure::Outcome;
use crate::groups::Groups;
use crate::inputs::Inputs;

/// Spend of a marketplace, or of several.
#[derive(Debug, Clone)]
struct Report {
    /// First day reported.
    since: Cell,
    /// Positive.
    spent: i128,
}

/// Spend of a month and the one before.
pub(crate) struct Ads {
    /// By currency, then by marketplace.
    reports: BTreeMap<Cell, BTreeMap<Cell, Report>>,
    /// Spend of the month by day and product, positive; `None` where there are rows but no costs.
    pub(crate) costs: BTreeMap<Key, Option<i128>>,
}

impl Ads {
    pub(crate) fn of(inputs: &Inputs) -> Outcome<Self> {
        let both_months = inputs.table("ppc")?;
        let groups = Groups::by(&both_months, &["currency", "marketplace_id"])?;
        let (spent, days) = (groups.sum("cost", &both_months.all())?, groups.range("day")?);
        let mut reports = BTreeMap::<Cell, BTreeMap<Cell, Report>>::new();
        for (at, [currency, marketplace]) in groups.keys()?.into_iter().enumerate() {
            let since = days[at].clone().map_or(Cell::Unknown, |(first, _)| first);
            let report = Report { since, spent: spent[at].unwrap_or(0) };
            reports.entry(currency).or_default().insert(marketplace, report);
        }
        let month = inputs.of_month("ppc", "day")?;
        let groups = Groups::by(&month, &["day", "marketplace_id", "currency", "sku"])?;
        let costs = groups.sum("cost", &month.all())?;
        Ok(Self { reports, costs: groups.keys()?.into_iter().zip(costs).collect() })
    }

    /// What was billed, positive and without tax, of what no report explains: what lies before their first day, and then
    /// what exceeds the spend they tell, in the order of days.
    pub(crate) fn unexplained(&self, days: &BTreeMap<Key, Day>) -> BTreeMap<Key, i128> {
        let billed = |day: &Day| amount(&day.amounts, "tax_on_ads") - amount(&day.amounts, "advertising_billed");
        let bills: BTreeMap<&Key, i128> = days.iter().map(|(key, day)| (key, billed(day))).collect();
        let mut in_order: Vec<&Key> = bills.keys().copied().collect();
        in_order.sort_by_key(|key| [0, 1, 3].map(|column| (key[column] == Cell::Unknown, key[column].clone())));
        let mut so_far = BTreeMap::<(Cell, Cell), i128>::new();
        let mut unexplained = |key: &Key| {
            let (billed, currency) = (bills[key], key[2].clone());
            let (pool, report) = self.explaining(&bills, &key[1], &currency)?;
            if key[0] < report.since {
                return None;
            }
            let so_far = so_far.entry((currency, pool)).or_default();
            let before = *so_far;
            *so_far += billed;
            Some(billed - ((*so_far).min(report.spent) - before.min(report.spent)))
        };
        in_order.into_iter().map(|key| (key.clone(), unexplained(key).unwrap_or(bills[key]))).collect()
    }

    /// Which spend explains the bills of a marketplace, and which bills share it. Spend of an unknown marketplace explains
    /// any bill of its currency, and bills of no marketplace are for what the marketplaces' own leave.
    fn explaining(&self, bills: &BTreeMap<&Key, i128>, marketplace: &Cell, currency: &Cell) -> Option<(Cell, Report)> {
        let reports = self.reports.get(currency).filter(|_| *currency != Cell::Unknown)?;
        let since = reports.values().map(|report| report.since.clone()).min()?;
        if reports.contains_key(&Cell::Unknown) {
            let spent = reports.values().map(|report| report.spent).sum();
            return Some((Cell::Unknown, Report { since, spent }));
        }
        if *marketplace != Cell::Unknown {
            return reports.get(marketplace).map(|report| (marketplace.clone(), report.clone()));
        }
        let billed = |there: &Cell| {
            let own = bills.iter().filter(|(key, _)| key[1] == *there && key[2] == *currency);
            own.map(|(_, billed)| *billed).sum::<i128>()
        };
        let left = reports.iter().map(|(there, report)| (report.spent - billed(there)).max(0)).sum();
        Some((Cell::Unknown, Report { since, spent: left }))
    }
}
