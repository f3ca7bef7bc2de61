//! Fees by month and kind, from the books: every line of theirs that is a fee.

use crate::cell::{Cell, Row};
use crate::failure::Outcome;
use crate::groups::Groups;
use crate::inputs::Inputs;
use crate::rollup::{Reading, Rollup};

pub(crate) const ROLLUP: Rollup = Rollup {
    name: "monthly_fees",
    reads: &[Reading {
        table: "ledger_accrual",
        months: Some((-1, 1)),
        columns: &[
            "local_day",
            "marketplace_id",
            "currency",
            "category",
            "category_group",
            "amount",
            "is_tax",
            "is_refund",
            "amazon_order_id",
        ],
    }],
    work_out,
};

const KEY: [&str; 4] = ["marketplace_id", "currency", "category", "category_group"];

fn work_out(inputs: &Inputs) -> Outcome<Vec<Row>> {
    let lines = inputs.of_month("ledger_accrual", "local_day")?;
    let fees = lines.picked(&lines.one_of("category_group", &["order_fees", "service_fees"])?)?;
    let groups = Groups::by(&fees, &KEY)?;
    let (all, tax, refunds) = (fees.all(), fees.set("is_tax")?, fees.set("is_refund")?);
    let [amounts, taxes, from_refunds] =
        [groups.sum("amount", &all)?, groups.sum("amount", &tax)?, groups.sum("amount", &refunds)?];
    let (lines, orders) = (groups.count(&all), groups.distinct("amazon_order_id", &all)?);
    let row = |at: usize| {
        let mut row: Row = KEY.into_iter().zip(groups.keys[at].iter().cloned()).collect();
        row.insert("local_month", Cell::Day(inputs.first_day()));
        row.insert("amount", Cell::money(amounts[at]));
        row.insert("tax", Cell::money(taxes[at].unwrap_or(0)));
        row.insert("from_refunds", Cell::money(from_refunds[at].unwrap_or(0)));
        row.insert("lines", Cell::Int(lines[at]));
        row.insert("orders", Cell::Int(orders[at]));
        row
    };
    Ok((0..groups.keys.len()).map(row).collect())
}
