//! The user's lists of tax rates and registrations.

use crate::calendar::Calendar;
use crate::cell::Cell;
use crate::exact::{product, quotient};
use crate::failure::Outcome;
use crate::inputs::Inputs;
use crate::rollup::Reading;

pub(crate) const REGISTRATIONS: Reading = Reading {
    table: "vat_registrations",
    months: None,
    columns: &["marketplace_id", "valid_from", "valid_to", "registered", "reclaims"],
};

pub(crate) const RATES: Reading =
    Reading { table: "vat_rates", months: None, columns: &["marketplace_id", "sku", "valid_from", "valid_to", "rate"] };

/// What they say. A line about a place that is no marketplace has no effect.
pub(crate) struct Taxes {
    registrations: Calendar,
    rates: Calendar,
}

impl Taxes {
    pub(crate) fn of(inputs: &Inputs) -> Outcome<Self> {
        let of_marketplaces = |name: &str| {
            let rows = inputs.table(name)?;
            rows.picked(&!&rows.unknown("marketplace_id")?)
        };
        let (registrations, rates) = (of_marketplaces("vat_registrations")?, of_marketplaces("vat_rates")?);
        Ok(Self {
            registrations: Calendar::of(&registrations, &["marketplace_id"], &["registered", "reclaims"])?,
            rates: Calendar::of(&rates, &["marketplace_id", "sku"], &["rate"])?,
        })
    }

    /// Whether the seller pays tax on its sales there, and whether it gets the tax on what it pays back.
    pub(crate) fn registration(&self, day: &Cell, marketplace: &Cell) -> (Option<bool>, Option<bool>) {
        let flag = |cell: &Cell| if let Cell::Bool(flag) = cell { Some(*flag) } else { None };
        match self.registrations.on(day, [marketplace]) {
            Some([registered, reclaims]) => (flag(registered), flag(reclaims)),
            _ => (None, None),
        }
    }

    /// The rate, per cent at 4 decimal places: the SKU's own line, else the one for all.
    pub(crate) fn rate(&self, day: &Cell, marketplace: &Cell, sku: &Cell) -> Option<i128> {
        let own = self.rates.on(day, [marketplace, sku]);
        match own.or_else(|| self.rates.on(day, [marketplace, &Cell::Unknown])) {
            Some([Cell::Decimal(rate, _)]) => Some(*rate),
            _ => None,
        }
    }
}

/// The tax in prices that contain it, at 9 decimal places and rounded as quotients are.
pub(crate) fn contained(prices: i128, rate: i128) -> Outcome<Option<i128>> {
    Ok(quotient(product([prices, rate, 100_000])?, 1_000_000 + rate))
}
