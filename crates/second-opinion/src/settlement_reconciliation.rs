//! Whether settlements add up, and whether Finances tells the same money.

use std::collections::BTreeMap;

use crate::cell::{Cell, Row, cells};
use crate::exact::sum;
use crate::failure::Outcome;
use crate::groups::Groups;
use crate::inputs::{Inputs, Rows};
use crate::rollup::{Reading, Rollup};

pub(crate) const ROLLUP: Rollup = Rollup {
    name: "settlement_reconciliation",
    reads: &[
        Reading { table: "settlements", months: Some((0, 0)), columns: &HEAD },
        Reading {
            table: "settlement_lines",
            months: Some((-3, 0)),
            columns: &["settlement_id", "category", "category_group", "amount"],
        },
        Reading {
            table: "finance_lines",
            months: Some((-3, 1)),
            columns: &[
                "settlement_id",
                "financial_event_group_id",
                "currency",
                "posted_at",
                "transaction_status",
                "category_group",
                "amount",
            ],
        },
    ],
    work_out,
};

/// What a settlement says of itself.
const HEAD: [&str; 7] = ["settlement_id", "source", "currency", "started_at", "ended_at", "deposit_at", "total_amount"];

const DAY: i64 = 86_400_000_000;

/// What a settlement's lines come to.
#[derive(Clone, Copy, Default)]
struct Sums {
    all: i128,
    balance: i128,
    unclassified: i128,
}

/// Money of one financial event group, and from when to when it is.
struct Group {
    id: Cell,
    currency: Cell,
    first: Cell,
    last: Cell,
    amount: i128,
}

/// What Finances tells.
struct Finances {
    /// Earned and spent by settlement and currency.
    by_settlement: BTreeMap<[Cell; 2], i128>,
    /// The same of transactions that name a group alone.
    by_group: Vec<Group>,
    /// From when to when transactions of a region are there.
    reach: BTreeMap<String, (i64, i64)>,
}

fn work_out(inputs: &Inputs) -> Outcome<Vec<Row>> {
    let settlements = inputs.table("settlements")?;
    let sums = sums(&inputs.table("settlement_lines")?)?;
    let finances = Finances::of(inputs)?;
    let columns = HEAD.map(|name| Ok((name, cells(&settlements, name)?))).into_iter().collect::<Outcome<Vec<_>>>()?;
    let row = |at: usize| {
        let head: Row = columns.iter().map(|(name, cells)| (*name, cells[at].clone())).collect();
        reconcile(inputs, sums.get(&head["settlement_id"]).copied().unwrap_or_default(), &finances, head)
    };
    (0..settlements.height()).map(row).collect()
}

fn sums(lines: &Rows) -> Outcome<BTreeMap<Cell, Sums>> {
    let groups = Groups::by(lines, &["settlement_id"])?;
    let all = groups.sum("amount", &lines.all())?;
    let balance = groups.sum("amount", &lines.one_of("category_group", &["balance"])?)?;
    let unclassified = groups.sum("amount", &lines.one_of("category", &["unclassified"])?)?;
    let of = |(at, [id]): (usize, [Cell; 1])| {
        let [all, balance, unclassified] = [&all, &balance, &unclassified].map(|sums| sums[at].unwrap_or(0));
        (id, Sums { all, balance, unclassified })
    };
    Ok(groups.keys()?.into_iter().enumerate().map(of).collect())
}

impl Finances {
    fn of(inputs: &Inputs) -> Outcome<Self> {
        let lines = inputs.table("finance_lines")?;
        let is_released = lines.texts_that("transaction_status", |status| status.eq_ignore_ascii_case("RELEASED"))?;
        let released = is_released | lines.unknown("transaction_status")?;
        let earned = lines.picked(&(released & !&lines.one_of("category_group", &["balance"])?))?;
        let has_settlement = !&earned.unknown("settlement_id")?;
        let has_group = !&earned.unknown("financial_event_group_id")?;
        Ok(Self {
            by_settlement: by_settlement(&earned.picked(&has_settlement)?)?,
            by_group: by_group(&earned.picked(&(has_group & !&has_settlement))?)?,
            reach: reach(inputs, &lines)?,
        })
    }

    /// How the money of a settlement was found, by which group, and how much it is.
    fn matching(&self, head: &Row, activity: i128) -> (Option<&'static str>, Cell, Option<i128>) {
        let currency = &head["currency"];
        let named = self.by_settlement.get(&[head["settlement_id"].clone(), currency.clone()]);
        if let (Some(amount), true) = (named, *currency != Cell::Unknown) {
            return (Some("settlement_id"), Cell::Unknown, Some(*amount));
        }
        let (start, end) = (&head["started_at"], &head["ended_at"]);
        let lies_within = |group: &&Group| {
            let is_known = [currency, start, end, &group.first].iter().all(|cell| **cell != Cell::Unknown);
            is_known && group.currency == *currency && group.first >= *start && group.last <= *end
        };
        let fitting: Vec<&Group> = self.by_group.iter().filter(lies_within).collect();
        let equal: Vec<&Group> = fitting.iter().copied().filter(|group| group.amount == activity).collect();
        match (equal.as_slice(), fitting.as_slice()) {
            ([one], _) | (_, [one]) => (Some("financial_event_group"), one.id.clone(), Some(one.amount)),
            _ => (None, Cell::Unknown, None),
        }
    }

    /// Whether transactions are there from the day a settlement starts to three days after its end: they are listed up
    /// to two days late.
    fn reach_over(&self, inputs: &Inputs, head: &Row) -> bool {
        let region = head["currency"].as_text().and_then(|currency| inputs.places.region_of(currency));
        let (Some((first, last)), Cell::Instant(start), Cell::Instant(end)) =
            (region.and_then(|region| self.reach.get(region)), &head["started_at"], &head["ended_at"])
        else {
            return false;
        };
        first - first.rem_euclid(DAY) <= *start && end + 3 * DAY <= *last
    }
}

fn by_settlement(lines: &Rows) -> Outcome<BTreeMap<[Cell; 2], i128>> {
    let groups = Groups::by(lines, &["settlement_id", "currency"])?;
    let amounts = groups.sum("amount", &lines.all())?.into_iter().map(Option::unwrap_or_default);
    Ok(groups.keys()?.into_iter().zip(amounts).collect())
}

fn by_group(lines: &Rows) -> Outcome<Vec<Group>> {
    let groups = Groups::by(lines, &["financial_event_group_id", "currency"])?;
    let (amounts, ranges) = (groups.sum("amount", &lines.all())?, groups.range("posted_at")?);
    let group = |(at, [id, currency]): (usize, [Cell; 2])| {
        let (first, last) = ranges[at].clone().unwrap_or((Cell::Unknown, Cell::Unknown));
        Group { id, currency, first, last, amount: amounts[at].unwrap_or(0) }
    };
    Ok(groups.keys()?.into_iter().enumerate().map(group).collect())
}

fn reach(inputs: &Inputs, lines: &Rows) -> Outcome<BTreeMap<String, (i64, i64)>> {
    let groups = Groups::by(lines, &["currency"])?;
    let mut reach: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for ([currency], range) in groups.keys()?.into_iter().zip(groups.range("posted_at")?) {
        let region = currency.as_text().and_then(|currency| inputs.places.region_of(currency));
        if let (Some(region), Some((Cell::Instant(first), Cell::Instant(last)))) = (region, range) {
            let whole = reach.entry(region.to_owned()).or_insert((first, last));
            *whole = (first.min(whole.0), last.max(whole.1));
        }
    }
    Ok(reach)
}

fn reconcile(inputs: &Inputs, sums: Sums, finances: &Finances, head: Row) -> Outcome<Row> {
    let activity = sum([sums.all, -sums.balance])?;
    let difference = match head["total_amount"] {
        Cell::Decimal(total, _) => Some(sum([sums.all, -total])?),
        _ => None,
    };
    let (matched_by, group, amount) = finances.matching(&head, activity);
    let finances_difference = match amount {
        Some(amount) if finances.reach_over(inputs, &head) => Some(sum([amount, -activity])?),
        _ => None,
    };
    let mut row = head;
    row.insert("lines_total", Cell::money(sums.all));
    row.insert("difference", Cell::money(difference));
    row.insert("balanced", Cell::Bool(difference == Some(0)));
    row.insert("balance_movements", Cell::money(sums.balance));
    row.insert("activity", Cell::money(activity));
    row.insert("unclassified", Cell::money(sums.unclassified));
    row.insert("matched_by", Cell::text(matched_by));
    row.insert("financial_event_group_id", group);
    row.insert("finances_activity", Cell::money(amount));
    row.insert("finances_difference", Cell::money(finances_difference));
    Ok(row)
}
