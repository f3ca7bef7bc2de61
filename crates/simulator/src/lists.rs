//! Lists that a seller keeps for itself, as it would write them down.

use crate::world::{Tax, decimal, marketplaces};

/// Rates of the taxes that prices contain and nobody shows, as a `tax_rates` list.
pub fn tax_rates() -> String {
    let lines = hidden().map(|(country, rate)| format!("{country},2020-01-01,{}\n", decimal(rate, 1)));
    format!("place,valid_from,rate\n{}", lines.collect::<String>())
}

/// Sellers pay these taxes and get those on Amazon's fees back wherever there are any, as a `tax_registrations` list.
pub fn tax_registrations() -> String {
    let taxed = marketplaces().iter().filter(|market| market.fee_tax != 0);
    let lines = taxed.map(|market| format!("{},2020-01-01,true,true\n", market.country));
    format!("place,valid_from,registered,reclaims\n{}", lines.collect::<String>())
}

fn hidden() -> impl Iterator<Item = (&'static str, i64)> {
    marketplaces().iter().filter_map(|market| match market.tax {
        Tax::Hidden(rate) => Some((market.country, rate)),
        _ => None,
    })
}
