//! The books of one month, added up by day and product.

use std::collections::BTreeMap;

use polars_core::prelude::{BooleanChunked, Column};

use crate::cell::Cell;
use crate::failure::Outcome;
use crate::groups::Groups;
use crate::inputs::{Inputs, Rows};

/// What tells the rows of profit apart.
pub(crate) const KEY: [&str; 4] = ["local_day", "marketplace_id", "currency", "sku"];

/// Their values.
pub(crate) type Key = [Cell; 4];

pub(crate) const COLUMNS: [&str; 16] = [
    "local_day",
    "marketplace_id",
    "currency",
    "sku",
    "category",
    "category_group",
    "is_tax",
    "is_refund",
    "amount",
    "quantity",
    "order_id",
    "order_item_id",
    "item_ordinal",
    "source",
    "source_txn_id",
    "raw_type",
];

/// What tells apart whose tax lines belong to which price.
const PART: &str = "part";
const TOLD_TOGETHER: [&str; 11] = [
    "local_day",
    "marketplace_id",
    "currency",
    "sku",
    "source",
    "source_txn_id",
    "order_id",
    "order_item_id",
    "item_ordinal",
    "is_refund",
    PART,
];

/// Columns of sales by category; what is given back of them all is one column, `refunds`.
const SALES: [(&str, &str); 5] = [
    ("product_sales", "product_sales"),
    ("shipping_income", "shipping_income"),
    ("giftwrap_income", "giftwrap_income"),
    ("promo_rebates", "promo_rebate"),
    ("other_charges", "other_charge"),
];

/// Columns by category, of sales and refunds alike.
const KINDS: [(&str, &[&str]); 15] = [
    ("referral_fees", &["referral_fee"]),
    ("refund_admin_fees", &["refund_admin_fee"]),
    ("closing_fees", &["closing_fee"]),
    ("fulfilment_fees", &["fulfilment_fee"]),
    ("shipping_chargebacks", &["shipping_chargeback"]),
    ("other_order_fees", &["other_order_fee"]),
    ("storage_fees", &["storage_fee", "aged_storage_fee"]),
    ("inbound_fees", &["inbound_fee"]),
    ("removal_fees", &["removal_fee"]),
    ("return_processing_fees", &["return_processing_fee"]),
    ("subscription_fees", &["subscription_fee"]),
    ("promotion_fees", &["promotion_fee"]),
    ("other_service_fees", &["other_service_fee"]),
    ("tax_collected", &["tax_collected"]),
    ("tax_withheld", &["tax_withheld"]),
];

/// Columns by group of categories.
const GROUPS: [(&str, &str); 4] = [
    ("advertising_billed", "advertising"),
    ("reimbursements", "reimbursement"),
    ("liquidations", "liquidation"),
    ("other", "other"),
];

/// Columns of tax in other columns.
const TAXES: [(&str, &[&str]); 2] =
    [("tax_on_fees", &["order_fees", "service_fees"]), ("tax_on_ads", &["advertising"])];

/// Columns that are sums of lines and nothing else.
pub(crate) fn shown() -> impl Iterator<Item = &'static str> {
    let sales = SALES.map(|(name, _)| name).into_iter().chain(["refunds"]);
    let others = KINDS.map(|(name, _)| name).into_iter().chain(GROUPS.map(|(name, _)| name));
    sales.chain(others).chain(TAXES.map(|(name, _)| name))
}

/// What the books say of a product on a day. A kind of money that didn't occur is 0.
#[derive(Debug, Clone, Default)]
pub(crate) struct Day {
    /// Amounts by column.
    pub(crate) amounts: BTreeMap<&'static str, i128>,
    /// All lines of sales, refunds among them.
    pub(crate) sales: i128,
    /// All lines of the books but those of taxes Amazon tells apart.
    pub(crate) all_but_taxes: i128,
    pub(crate) units: i128,
    pub(crate) mcf_units: i128,
    /// Whether a price is there whose units aren't.
    pub(crate) has_unknown_units: bool,
    /// Sales whose tax Amazon collected or withheld for others to pay.
    pub(crate) taxed_by_marketplace: i128,
    /// Tax withheld from prices that contained it.
    pub(crate) withheld: i128,
    /// Sales Amazon tells no tax beside.
    pub(crate) taxed_prices: i128,
}

/// An amount, 0 where there is none.
pub(crate) fn amount(amounts: &BTreeMap<&'static str, i128>, name: &str) -> i128 {
    amounts.get(name).copied().unwrap_or(0)
}

/// Adds up the month's books.
pub(crate) fn days(inputs: &Inputs) -> Outcome<BTreeMap<Key, Day>> {
    let lines = inputs.of_month("ledger_accrual", "local_day")?;
    let groups = Groups::by(&lines, &KEY)?;
    let mut days = vec![Day::default(); groups.len()];
    let mut add = |mask: &BooleanChunked, put: &dyn Fn(&mut Day, i128)| {
        let sums = groups.sum("amount", mask)?;
        days.iter_mut().zip(sums).for_each(|(day, sum)| put(day, sum.unwrap_or(0)));
        Outcome::Ok(())
    };
    for (name, mask) in columns(&lines)? {
        add(&mask, &|day, sum| *day.amounts.entry(name).or_default() = sum)?;
    }
    add(&lines.one_of("category_group", &["sales"])?, &|day, sum| day.sales = sum)?;
    add(&!&lines.one_of("category_group", &["tax"])?, &|day, sum| day.all_but_taxes = sum)?;

    let priced = lines.one_of("category", &["product_sales"])? & !&lines.set("is_refund")?;
    // Orders of other shops, which Amazon only ships.
    let mcf = &priced & &lines.texts_that("order_id", |id| id.starts_with('S'))?;
    let sold = &priced & &!&mcf;
    let uncounted = lines.unknown("quantity")? & lines.not_zero("amount")?;
    let (units, mcf_units) = (groups.sum("quantity", &sold)?, groups.sum("quantity", &mcf)?);
    let unknown = groups.count(&(sold & uncounted));
    for (at, day) in days.iter_mut().enumerate() {
        day.units = units[at].unwrap_or(0);
        day.mcf_units = mcf_units[at].unwrap_or(0);
        day.has_unknown_units = unknown[at] > 0;
    }
    let mut days: BTreeMap<Key, Day> = groups.keys()?.into_iter().zip(days).collect();
    tell_taxes(&lines, &mut days)?;
    Ok(days)
}

/// Which lines make up which column.
fn columns(lines: &Rows) -> Outcome<Vec<(&'static str, BooleanChunked)>> {
    let (refund, tax) = (lines.set("is_refund")?, lines.set("is_tax")?);
    let mut columns = vec![("refunds", &lines.one_of("category_group", &["sales"])? & &refund)];
    for (name, category) in SALES {
        columns.push((name, lines.one_of("category", &[category])? & !&refund));
    }
    for (name, categories) in KINDS {
        columns.push((name, lines.one_of("category", categories)?));
    }
    for (name, group) in GROUPS {
        columns.push((name, lines.one_of("category_group", &[group])?));
    }
    for (name, groups) in TAXES {
        columns.push((name, &lines.one_of("category_group", groups)? & &tax));
    }
    Ok(columns)
}

/// What of an item a line is about, by the last of Amazon's words for it.
fn part(words: &str) -> &'static str {
    let last = words.rsplit('/').next().and_then(|last| last.rsplit(" > ").next()).unwrap_or_default().to_lowercase();
    match last {
        last if last.contains("shipping") => "shipping",
        last if last.contains("gift") => "gift wrap",
        // What Amazon withholds on gift wrap.
        last if last.contains("facilitator") && last.ends_with("-other") => "gift wrap",
        _ => "price",
    }
}

/// Whether a price contains tax shows in the tax lines of the same item, and so for its shipping and gift wrap.
fn tell_taxes(lines: &Rows, days: &mut BTreeMap<Key, Day>) -> Outcome<()> {
    let parts: Vec<&str> = lines.texts("raw_type")?.into_iter().map(|words| part(words.unwrap_or_default())).collect();
    let mut lines = lines.0.clone();
    lines.with_column(Column::new(PART.into(), parts))?;
    let lines = &Rows(lines);
    let groups = Groups::by(lines, &TOLD_TOGETHER)?;
    // Income tax and advances on VAT are withheld too, and say nothing of who pays the VAT.
    let for_others = lines.texts_that("raw_type", |words| {
        let words = words.to_lowercase();
        words.contains("marketplacefacilitator") || words.contains("lowvaluegoods")
    })?;
    let sales = groups.sum("amount", &lines.one_of("category_group", &["sales"])?)?;
    let collected = groups.sum("amount", &lines.one_of("category", &["tax_collected"])?)?;
    let withheld = groups.sum("amount", &(lines.one_of("category", &["tax_withheld"])? & for_others))?;
    for (at, key) in groups.keys.iter().enumerate() {
        let [sales, collected, withheld] = [&sales, &collected, &withheld].map(|sums| sums[at].unwrap_or(0));
        let whose: Key = std::array::from_fn(|column| key[column].clone());
        let day = days.entry(whose).or_default();
        if withheld != 0 {
            day.taxed_by_marketplace += sales;
        }
        if collected == 0 {
            day.withheld += withheld;
            day.taxed_prices += if withheld == 0 { sales } else { 0 };
        }
    }
    Ok(())
}
