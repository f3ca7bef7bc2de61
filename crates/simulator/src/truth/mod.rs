//! What a lake must equal: the events themselves, added up.
//!
//! Nothing here calls a report or an answer, nor what these stand on (the order's standing, the stock's levels): it
//! folds the seller's events by itself, so that a mistake in a projection shows up as a difference. Amounts are exact
//! decimal text in the currency's own decimals; days are `YYYY-MM-DD` of the marketplace's zone. Each list is sorted.
//!
//! Truth is what had been *published* by a moment: an order through the Orders API (2 minutes; [`truth_through`] takes
//! the All Orders reports' 30 instead), a transaction through Finances 2024-06-19 (each after its own half hour to two
//! days), ads counts and their restatements, stock at once, settlements when their report exists.

mod advertising;
mod health;
mod losses;
mod money;
mod offers;
mod orders;
mod profit;
mod settlements;
mod stock;
mod taxes;
mod warehouse;

pub use advertising::{AdDay, AdSpend};
pub use health::Health;
pub use losses::GapTruth;
pub use money::{Booked, RefundTruth};
pub use offers::PriceTruth;
pub use orders::{DailySales, DailyTotal, Metrics, OrderTruth};
pub use profit::{Fees, Profit};
pub use settlements::SettlementTruth;
pub use stock::{StockTruth, StrandedTruth};
pub use taxes::VatTruth;
pub use warehouse::{Moved, Paid, SentBack};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::world::{Source, World, published_at};

/// Everything a lake must say of one seller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// The moment: RFC 3339, UTC.
    pub published_by: String,
    /// Every order, cancelled ones included.
    pub orders: Vec<OrderTruth>,
    /// Sales by local day, marketplace, currency and product: the rows of `daily_sales`.
    pub daily_sales: Vec<DailySales>,
    /// Sales by local day, marketplace and currency.
    pub daily: Vec<DailyTotal>,
    /// Orders by UTC day and marketplace: the rows of `sales_metrics` with any.
    pub metrics: Vec<Metrics>,
    /// What was earned and spent, by category: `ledger_accrual`.
    pub ledger: Vec<Booked>,
    /// The same in the cash lens, on the day of its release: `ledger_cash`.
    pub cash: Vec<Booked>,
    /// What was only moved, on the day of its release: `balance_movements`.
    pub balance: Vec<Booked>,
    /// The part of the ledger that is in `fees`: fees of orders and of services.
    pub fees: Vec<Booked>,
    /// The same by month: the rows of `monthly_fees`.
    pub monthly_fees: Vec<Fees>,
    /// Profit by local day, marketplace and currency: `daily_profit`, added up.
    pub daily_profit: Vec<Profit>,
    /// The same by month.
    pub monthly_profit: Vec<Profit>,
    /// The rows of `refunds`: by local day, marketplace, currency, order and SKU, in the accrual lens.
    pub refunds: Vec<RefundTruth>,
    /// Tax in the sales of each SKU and day.
    pub vat: Vec<VatTruth>,
    /// The rows of `ppc`, added up by day, profile, kind of advertising and SKU.
    pub ad_spend: Vec<AdSpend>,
    /// The same by day, marketplace and kind of advertising: `daily_ppc`.
    pub ad_days: Vec<AdDay>,
    /// Stock movements by local day, SKU, kind and condition.
    pub movements: Vec<Moved>,
    /// What buyers sent back, by UTC day, order and SKU.
    pub returns: Vec<SentBack>,
    /// What was paid for stock that was lost or damaged.
    pub reimbursements: Vec<Paid>,
    /// Stock at the moment against the sales of the thirty days before: `inventory_health`.
    pub health: Vec<Health>,
    /// What could be sold at the moment.
    pub stock: Vec<StockTruth>,
    /// What couldn't be sold at the moment though it was there.
    pub stranded: Vec<StrandedTruth>,
    /// What Amazon owes of stock it lost or damaged: `reimbursement_gap`.
    pub gap: Vec<GapTruth>,
    /// What the seller asked at the moment, and what Amazon would have taken for shipping it.
    pub prices: Vec<PriceTruth>,
    /// Settlements whose reports exist.
    pub settlements: Vec<SettlementTruth>,
}

/// Whose latency orders are seen with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrdersThrough {
    /// The Orders APIs.
    Api,
    /// The All Orders reports.
    Reports,
}

/// What had been published of a seller by a moment, orders through the Orders API. Empty for an unknown seller.
pub fn truth(world: &World, seller: &str, published_by: DateTime<Utc>) -> Truth {
    truth_through(world, seller, published_by, OrdersThrough::Api)
}

/// The same for a client that reads orders elsewhere.
pub fn truth_through(world: &World, seller: &str, published_by: DateTime<Utc>, through: OrdersThrough) -> Truth {
    let Some(seller) = world.seller(seller) else { return Truth::default() };
    let source = match through {
        OrdersThrough::Api => Source::Orders,
        OrdersThrough::Reports => Source::OrderReports,
    };
    let folded = orders::fold(seller, published_by - (published_at(source, published_by) - published_by));
    let (daily_sales, daily) = orders::sales(seller, &folded);
    let ledger = money::ledger(seller, published_by);
    let (balance, cash) = money::cash(seller, published_by).into_iter().partition(Booked::is_balance);
    let profit = profit::profit(seller, published_by);
    let stock = stock::stock(seller, published_by);
    Truth {
        published_by: published_by.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        orders: orders::orders(seller, &folded),
        health: health::health(seller, &stock, &daily_sales),
        daily_sales,
        daily,
        metrics: orders::metrics(seller, &folded),
        monthly_fees: profit::monthly_fees(seller, published_by),
        monthly_profit: profit::shown(&profit::by_month(&profit)),
        daily_profit: profit::shown(&profit),
        fees: ledger.iter().filter(|row| row.is_fee()).cloned().collect(),
        cash,
        balance,
        refunds: money::refunds(seller, published_by),
        ledger,
        vat: taxes::taxes(seller, published_by),
        ad_spend: advertising::spend(seller, published_by),
        ad_days: advertising::days(seller, published_by),
        movements: warehouse::movements(seller, published_by),
        returns: warehouse::returns(seller, published_by),
        reimbursements: warehouse::reimbursements(seller, published_by),
        stock,
        stranded: stock::stranded(seller, published_by),
        gap: losses::gap(seller, published_by),
        prices: offers::prices(seller, published_by),
        settlements: settlements::settlements(seller, published_by),
    }
}
