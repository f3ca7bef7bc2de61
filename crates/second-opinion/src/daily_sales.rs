//! Units and sales by the day they were ordered, from the items of orders.

use polars_core::prelude::BooleanChunked;

use crate::cell::{Cell, Row};
use crate::exact::{product, quotient, sum, without};
use crate::failure::Outcome;
use crate::groups::Groups;
use crate::inputs::{Inputs, Rows};
use crate::rollup::{Reading, Rollup};
use crate::taxes::{RATES, REGISTRATIONS, Taxes, contained};

pub(crate) const ROLLUP: Rollup = Rollup {
    name: "daily_sales",
    // Months of tables are UTC's, days the marketplace's.
    reads: &[
        REGISTRATIONS,
        RATES,
        Reading {
            table: "order_items",
            months: Some((-1, 1)),
            columns: &[
                "amazon_order_id",
                "local_day",
                "marketplace_id",
                "currency",
                "sku",
                "asin",
                "is_cancelled",
                "is_mcf",
                "is_replacement",
                "units",
                "item_price",
                "item_tax",
                "shipping_price",
                "shipping_tax",
                "gift_wrap_price",
                "gift_wrap_tax",
                "item_promotion_discount",
                "ship_promotion_discount",
            ],
        },
    ],
    work_out,
};

const KEY: [&str; 5] = ["local_day", "marketplace_id", "currency", "sku", "asin"];

/// Amounts, by what they are called in an order.
const AMOUNTS: [(&str, &str); 8] = [
    ("gross_sales", "item_price"),
    ("item_tax", "item_tax"),
    ("item_promotion_discount", "item_promotion_discount"),
    ("shipping_sales", "shipping_price"),
    ("shipping_tax", "shipping_tax"),
    ("ship_promotion_discount", "ship_promotion_discount"),
    ("gift_wrap_sales", "gift_wrap_price"),
    ("gift_wrap_tax", "gift_wrap_tax"),
];

fn work_out(inputs: &Inputs) -> Outcome<Vec<Row>> {
    let items = inputs.with_currency(&inputs.of_month("order_items", "local_day")?)?;
    let items = items.picked(&!&items.set("is_cancelled")?)?;
    let groups = Groups::by(&items, &KEY)?;
    let (mcf, replacement) = (items.set("is_mcf")?, items.set("is_replacement")?);
    let sale = !&(&mcf | &replacement);
    let unpriced = items.unknown("item_price")?;
    let units = |picked: &BooleanChunked| groups.sum("units", picked);

    let mut rows: Vec<Row> = groups.keys.iter().map(|key| KEY.into_iter().zip(key.iter().cloned()).collect()).collect();
    let mut put = |name: &'static str, cells: Vec<Cell>| {
        rows.iter_mut().zip(cells).for_each(|(row, cell)| drop(row.insert(name, cell)));
    };
    put("orders", counted(groups.distinct("amazon_order_id", &sale)?));
    put("order_items", counted(groups.count(&sale)));
    for (name, picked) in [
        ("units", sale.clone()),
        ("unpriced_units", &sale & &unpriced),
        ("mcf_units", mcf.clone()),
        ("replacement_units", &replacement & &!&mcf),
    ] {
        put(name, units(&picked)?.into_iter().map(|sum| Cell::Int(sum.unwrap_or(0) as i64)).collect());
    }
    for (name, column) in AMOUNTS {
        put(name, groups.sum(column, &sale)?.into_iter().map(Cell::money).collect());
    }
    let priced = units(&(&sale & &!&unpriced))?;
    let averages = groups.sum("item_price", &sale)?.into_iter().zip(priced).map(|(sales, units)| {
        let Some((sales, units)) = sales.zip(units) else { return Ok(Cell::Unknown) };
        let average = quotient(product([sales, 100_000])?, units);
        Ok(average.map_or(Cell::Unknown, |average| Cell::Decimal(average, 9)))
    });
    put("average_unit_price", averages.collect::<Outcome<_>>()?);
    put("vat", vat(inputs, &items, &groups, &sale)?);
    Ok(rows)
}

/// Tax in the prices paid: what Amazon told beside them, and by the lists in those it told none beside.
fn vat(inputs: &Inputs, items: &Rows, groups: &Groups, sale: &BooleanChunked) -> Outcome<Vec<Cell>> {
    let priced = sale & &!&items.unknown("item_price")?;
    let is_told = items.not_zero("item_tax")?;
    let (told, untold) = (&priced & &is_told, &priced & &!&is_told);
    let prices = groups.sum("item_price", &priced)?;
    let told = groups.sum("item_tax", &told)?;
    let gross = groups.sum("item_price", &untold)?;
    let discounts = groups.sum("item_promotion_discount", &untold)?;
    let taxes = Taxes::of(inputs)?;
    let cell = |(at, [day, marketplace, _, sku, _]): (usize, [Cell; 5])| {
        let (Some(place), Some(_)) = (inputs.places.get(marketplace.as_text()), prices[at]) else {
            return Ok(Cell::Unknown);
        };
        let told = told[at].unwrap_or(0);
        let paid = gross[at].unwrap_or(0) - discounts[at].unwrap_or(0);
        let contained = match taxes.registration(&day, &marketplace).0 {
            _ if !place.has_vat_in_prices => return Ok(Cell::money(0)),
            _ if paid == 0 => Some(0),
            Some(false) => Some(0),
            Some(true) => match taxes.rate(&day, &marketplace, &sku) {
                Some(rate) => contained(paid, rate)?,
                None => None,
            },
            None => None,
        };
        let Some(contained) = contained else { return Ok(Cell::Unknown) };
        let all = sum([contained, product([told, 100_000])?])?;
        Ok(Cell::money(without(5, -all)))
    };
    groups.keys()?.into_iter().enumerate().map(cell).collect()
}

fn counted(counts: Vec<i64>) -> Vec<Cell> {
    counts.into_iter().map(Cell::Int).collect()
}
