//! Profit by day and product, from the books, the Ads reports and the user's lists.

use crate::ads::Ads;
use crate::books::{self, Day, Key, amount};
use crate::calendar::Calendar;
use crate::cell::{Cell, Row};
use crate::declared::Place;
use crate::exact::{product, sum, without};
use crate::failure::Outcome;
use crate::inputs::Inputs;
use crate::rollup::{Reading, Rollup};
use crate::taxes::{RATES, REGISTRATIONS, Taxes, contained};

pub(crate) const ROLLUP: Rollup = Rollup {
    name: "daily_profit",
    reads: &[
        Reading { table: "ledger_accrual", months: Some((-1, 1)), columns: &books::COLUMNS },
        Reading { table: "ppc", months: Some((-1, 0)), columns: &["day", "marketplace_id", "currency", "sku", "cost"] },
        Reading {
            table: "costs",
            months: None,
            columns: &["sku", "marketplace_id", "valid_from", "valid_to", "unit_cost", "currency"],
        },
        Reading {
            table: "fx",
            months: None,
            columns: &["from_currency", "to_currency", "valid_from", "valid_to", "rate"],
        },
        REGISTRATIONS,
        RATES,
    ],
    work_out,
};

/// The user's lists.
struct Lists {
    costs: Calendar,
    fx: Calendar,
    taxes: Taxes,
}

impl Lists {
    fn of(inputs: &Inputs) -> Outcome<Self> {
        Ok(Self {
            costs: Calendar::of(&inputs.table("costs")?, &["sku", "marketplace_id"], &["unit_cost", "currency"])?,
            fx: Calendar::of(&inputs.table("fx")?, &["from_currency", "to_currency"], &["rate"])?,
            taxes: Taxes::of(inputs)?,
        })
    }

    /// Cost of a unit at 13 decimal places: the marketplace's own line, else the one for all; converted where it is in
    /// another currency.
    fn unit_cost(&self, [day, marketplace, currency, sku]: [&Cell; 4]) -> Outcome<Option<i128>> {
        let own = self.costs.on(day, [sku, marketplace]);
        let Some([Cell::Decimal(cost, _), listed]) = own.or_else(|| self.costs.on(day, [sku, &Cell::Unknown])) else {
            return Ok(None);
        };
        let rate = if listed == currency {
            Some(10_i128.pow(9))
        } else {
            match self.fx.on(day, [listed, currency]) {
                Some([Cell::Decimal(rate, _)]) => Some(*rate),
                _ => None,
            }
        };
        rate.map(|rate| product([*cost, rate])).transpose()
    }
}

fn work_out(inputs: &Inputs) -> Outcome<Vec<Row>> {
    let mut days = books::days(inputs)?;
    let ads = Ads::of(inputs)?;
    for key in ads.costs.keys() {
        days.entry(key.clone()).or_default();
    }
    let lists = Lists::of(inputs)?;
    let unexplained = ads.unexplained(&days);
    let row = |(key, day): (&Key, &Day)| {
        let spend = Spend {
            reported: ads.costs.get(key).copied().flatten(),
            billed_beyond: unexplained.get(key).copied().unwrap_or(0),
        };
        profit(inputs, &spend, &lists, key, day)
    };
    days.iter().map(row).collect()
}

/// Spend on advertising of one product and day, positive.
struct Spend {
    reported: Option<i128>,
    billed_beyond: i128,
}

fn profit(inputs: &Inputs, spend: &Spend, lists: &Lists, key: &Key, day: &Day) -> Outcome<Row> {
    let mut row: Row = books::KEY.into_iter().zip(key.iter().cloned()).collect();
    let whose = key.each_ref();
    let money = |name: &str| amount(&day.amounts, name);
    books::shown().for_each(|name| drop(row.insert(name, Cell::money(money(name)))));
    row.insert("units", Cell::Int(day.units as i64));
    row.insert("mcf_units", Cell::Int(day.mcf_units as i64));

    let (billed, tax_on_ads) = (money("advertising_billed"), money("tax_on_ads"));
    let advertising = -spend.reported.unwrap_or(0) - spend.billed_beyond;
    let source = match (spend.reported, spend.billed_beyond) {
        (None, 0) => None,
        (None, _) => Some("ledger"),
        (Some(_), 0) => Some("ppc"),
        (Some(_), _) => Some("both"),
    };
    row.insert("advertising", Cell::money(advertising));
    row.insert("advertising_source", Cell::text(source));

    // Every line of the books but taxes, whatever its kind; with the spend in place of the bill.
    let net_sales = day.sales;
    let net_proceeds = sum([day.all_but_taxes, -billed, advertising, tax_on_ads])?;
    row.insert("net_sales", Cell::money(net_sales));
    row.insert("net_proceeds", Cell::money(net_proceeds));

    let place = inputs.places.get(key[1].as_text());
    let (registered, reclaims) = lists.taxes.registration(whose[0], whose[1]);
    let vat = vat(day, place, registered, lists.taxes.rate(whose[0], whose[1], whose[3]))?;
    let paid = money("tax_on_fees") + tax_on_ads;
    let reclaimed = if paid == 0 { Some(0) } else { reclaims.map(|reclaims| if reclaims { -paid } else { 0 }) };
    let before_cogs = match (vat, reclaimed) {
        (Some(vat), Some(reclaimed)) => Some(sum([net_proceeds, vat, reclaimed])?),
        _ => None,
    };
    row.insert("vat", Cell::money(vat));
    row.insert("vat_unknown", Cell::Bool(before_cogs.is_none()));
    row.insert("vat_unknown_sales", Cell::money(if before_cogs.is_none() { net_sales } else { 0 }));
    row.insert("reclaim_unknown_tax", Cell::money(if reclaimed.is_none() { paid } else { 0 }));
    row.insert("marketplace_taxed_sales", Cell::money(day.taxed_by_marketplace));
    row.insert("tax_reclaimed", Cell::money(reclaimed));
    row.insert("profit_before_cogs", Cell::money(before_cogs));

    let unit_cost = lists.unit_cost(whose)?;
    let cogs = match (day.has_unknown_units, day.units, unit_cost) {
        (true, ..) => None,
        (_, 0, _) => Some(0),
        (_, units, cost) => cost.map(|cost| product([-units, cost])).transpose()?.map(|cost| without(9, cost)),
    };
    let profit = before_cogs.zip(cogs).map(|(before, cogs)| before + cogs);
    row.insert("unit_cost", Cell::money(unit_cost.map(|cost| without(9, cost))));
    row.insert("cogs", Cell::money(cogs));
    row.insert("cost_unknown", Cell::Bool(cogs.is_none()));
    row.insert("profit", Cell::money(profit));
    row.insert("profit_unknown_units", Cell::Int(if profit.is_none() { day.units as i64 } else { 0 }));
    row.insert("profit_unknown_sales", Cell::money(if profit.is_none() { net_sales } else { 0 }));
    Ok(row)
}

/// Tax in prices, negative. Prices that Amazon tells no tax beside contain it where prices do and the seller is
/// registered; what Amazon withheld from such a price was in it too. Rounded as quotients are, to nine decimal places,
/// then as money is.
fn vat(day: &Day, place: Option<&Place>, registered: Option<bool>, rate: Option<i128>) -> Outcome<Option<i128>> {
    let in_prices = place.map(|place| place.has_vat_in_prices);
    let untold = if day.taxed_prices == 0 || in_prices == Some(false) || registered == Some(false) {
        Some(0)
    } else if let (Some(true), Some(rate)) = (registered, rate) {
        contained(-day.taxed_prices, rate)?
    } else {
        None
    };
    let withheld = match in_prices {
        _ if day.withheld == 0 => Some(0),
        Some(false) => Some(0),
        Some(true) => Some(product([day.withheld, 100_000])?),
        None => None,
    };
    let both = untold.zip(withheld).map(|(untold, withheld)| sum([untold, withheld]));
    Ok(both.transpose()?.map(|vat| without(5, vat)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn priced(taxed_prices: i128) -> Day {
        Day { taxed_prices, ..Day::default() }
    }

    #[test]
    fn tax_is_taken_out_of_prices_that_contain_it_or_unknown() {
        let place = |has_vat_in_prices| Place {
            marketplace_id: "A1".to_owned(),
            currency: "EUR".to_owned(),
            region: "EU".to_owned(),
            has_vat_in_prices,
        };
        let (germany, canada) = (place(true), place(false));
        let nineteen = Some(190_000);
        for (day, place, registered, rate, expected) in [
            (priced(1_190_000), Some(&germany), Some(true), nineteen, Some(-190_000)),
            (priced(1_190_000), Some(&germany), Some(false), nineteen, Some(0)),
            (priced(1_190_000), Some(&germany), Some(true), None, None),
            (priced(1_190_000), Some(&germany), None, nineteen, None),
            (priced(1_190_000), Some(&canada), None, None, Some(0)),
            (priced(1_190_000), None, None, None, None),
            (priced(0), None, None, None, Some(0)),
        ] {
            assert_eq!(vat(&day, place, registered, rate).unwrap(), expected);
        }
    }
}
