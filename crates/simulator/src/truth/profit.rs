//! What was earned.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use serde::Serialize;

use super::advertising;
use super::money::{is_fee, ledger_sums};
use crate::world::{Marketplace, Seller, decimal};

/// Profit of a marketplace's day, or month, before the cost of goods; signed to the seller.
///
/// Compare with the lake's `daily_profit`, added up; the months with `sku_profit` and `refund_rates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Profit {
    /// Local day; of a month, the first.
    pub local_day: String,
    /// Marketplace.
    pub marketplace_id: String,
    /// Its currency.
    pub currency: String,
    /// The goods sold, refunds left out.
    pub product_sales: String,
    /// All that buyers paid but tax, less discounts; refunds left out.
    pub sales: String,
    /// The same of refunds.
    pub refunds: String,
    /// Fees of orders and services.
    pub fees: String,
    /// What the Ads reports say was spent; the bill without its tax where they say nothing.
    pub advertising: String,
    /// Paid for lost and damaged stock.
    pub reimbursements: String,
    /// Sales, refunds, fees, advertising and the tax on its bills, and reimbursements; VAT in prices is not taken out.
    pub profit: String,
}

/// Fees of a month: a row of the lake's `monthly_fees`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fees {
    /// First local day of the month.
    pub local_day: String,
    /// Marketplace.
    pub marketplace_id: String,
    /// Its currency.
    pub currency: String,
    /// Category as the lake names it.
    pub category: String,
    /// Sum, signed to the seller.
    pub amount: String,
    /// The tax in it.
    pub tax: String,
}

/// In minor units.
#[derive(Default, Clone, Copy)]
pub(super) struct Sums {
    product_sales: i64,
    sales: i64,
    refunds: i64,
    fees: i64,
    billed: i64,
    billed_tax: i64,
    spent: i64,
    reported: bool,
    reimbursements: i64,
}

impl Sums {
    fn advertising(&self) -> i64 {
        if self.reported { -self.spent } else { self.billed - self.billed_tax }
    }
}

type Days = BTreeMap<(NaiveDate, &'static str), (&'static Marketplace, Sums)>;

fn first(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// By day and marketplace. Advertising that is reported in a month or the one before it counts as reported, and what is
/// billed for it doesn't count again.
pub(super) fn profit(seller: &Seller, published_by: DateTime<Utc>) -> Days {
    let mut days = Days::new();
    for ((day, marketplace, category, is_refund), (market, amount, tax, _)) in ledger_sums(seller, published_by) {
        let is_sale = matches!(
            category,
            "product_sales" | "shipping_income" | "giftwrap_income" | "promo_rebate" | "other_charge"
        );
        if category == "balance_movement" {
            continue;
        }
        let sums = &mut days.entry((day, marketplace)).or_insert((market, Sums::default())).1;
        match category {
            _ if is_sale && is_refund => sums.refunds += amount,
            _ if is_sale => {
                sums.sales += amount;
                sums.product_sales += if category == "product_sales" { amount } else { 0 };
            }
            "advertising" => {
                sums.billed += amount;
                sums.billed_tax += tax;
            }
            "reimbursement" => sums.reimbursements += amount,
            fee if is_fee(fee) => sums.fees += amount,
            _ => {}
        }
    }
    let mut reported: BTreeSet<(NaiveDate, &str)> = BTreeSet::new();
    for ((day, marketplace), (market, cost)) in advertising::costs(seller, published_by) {
        days.entry((day, marketplace)).or_insert((market, Sums::default())).1.spent += cost;
        reported.extend([(first(day), marketplace), (first(day) + Months::new(1), marketplace)]);
    }
    for ((day, marketplace), (_, sums)) in &mut days {
        sums.reported = reported.contains(&(first(*day), *marketplace));
    }
    days
}

/// The same by month, under its first day.
pub(super) fn by_month(days: &Days) -> Days {
    let mut months = Days::new();
    for ((day, marketplace), (market, sums)) in days {
        let month = &mut months.entry((first(*day), *marketplace)).or_insert((*market, Sums::default())).1;
        *month = Sums {
            product_sales: month.product_sales + sums.product_sales,
            sales: month.sales + sums.sales,
            refunds: month.refunds + sums.refunds,
            fees: month.fees + sums.fees,
            billed: month.billed + sums.billed,
            billed_tax: month.billed_tax + sums.billed_tax,
            spent: month.spent + sums.spent,
            reported: sums.reported,
            reimbursements: month.reimbursements + sums.reimbursements,
        };
    }
    months
}

/// As text.
pub(super) fn shown(days: &Days) -> Vec<Profit> {
    days.iter()
        .map(|((day, marketplace_id), (market, sums))| {
            let money = |amount: i64| decimal(amount, market.digits);
            let advertising = sums.advertising();
            Profit {
                local_day: day.to_string(),
                marketplace_id: (*marketplace_id).to_owned(),
                currency: market.currency.to_owned(),
                product_sales: money(sums.product_sales),
                sales: money(sums.sales),
                refunds: money(sums.refunds),
                fees: money(sums.fees),
                advertising: money(advertising),
                reimbursements: money(sums.reimbursements),
                profit: money(
                    sums.sales + sums.refunds + sums.fees + advertising + sums.billed_tax + sums.reimbursements,
                ),
            }
        })
        .collect()
}

/// Fees by month, marketplace and category.
pub(super) fn monthly_fees(seller: &Seller, published_by: DateTime<Utc>) -> Vec<Fees> {
    let mut months: BTreeMap<(NaiveDate, &str, &str), (&Marketplace, i64, i64)> = BTreeMap::new();
    for ((day, marketplace, category, _), (market, amount, tax, _)) in ledger_sums(seller, published_by) {
        if is_fee(category) {
            let sum = months.entry((first(day), marketplace, category)).or_insert((market, 0, 0));
            *sum = (sum.0, sum.1 + amount, sum.2 + tax);
        }
    }
    months
        .into_iter()
        .map(|((month, marketplace_id, category), (market, amount, tax))| Fees {
            local_day: month.to_string(),
            marketplace_id: marketplace_id.to_owned(),
            currency: market.currency.to_owned(),
            category: category.to_owned(),
            amount: decimal(amount, market.digits),
            tax: decimal(tax, market.digits),
        })
        .collect()
}
