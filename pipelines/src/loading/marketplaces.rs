//! The marketplaces there are, what people call them, and whose region they are of.

use std::collections::BTreeMap;

use sellerlake_contracts::{Error, Kind, MarketplaceId, Region, Result};
use sellerlake_schemas::{Source, nearest};

use crate::declared::marketplaces::marketplaces;
use crate::loading::Loading;

/// Ids are this long at least; shorter ones are somebody's own names.
const SHORTEST_ID: usize = 10;

impl Loading {
    /// Every marketplace of the reference table `marketplaces`, by id.
    pub fn marketplaces(&self) -> BTreeMap<MarketplaceId, Region> {
        let known = marketplaces(&self.shared.declarations.schemas).into_iter();
        known.filter_map(|one| Some((one.id.parse().ok()?, one.region.parse().ok()?))).collect()
    }

    /// The marketplace somebody means by its id, its country's code or its name, however they are written: `ES`,
    /// `amazon.es`. Amazon opens marketplaces (amazon.md: Marketplaces), so an id that is no known one's misspelling is
    /// taken as it is.
    pub fn named_marketplace(&self, name: &str) -> Result<MarketplaceId> {
        let name = name.trim();
        let known = marketplaces(&self.shared.declarations.schemas);
        if known.is_empty() {
            return name.parse();
        }
        let lower = name.to_lowercase();
        let plain = lower.strip_prefix("www.").unwrap_or(&lower);
        // The United Kingdom's code is GB, and nobody's word for it.
        let plain = if plain == "uk" { "gb" } else { plain };
        let written =
            |way: usize| known.iter().map(move |one| ([one.id, one.country, one.site, one.name][way], one.id));
        let names: Vec<(&str, &str)> = (0..4).flat_map(written).filter(|(known, _)| !known.is_empty()).collect();
        if let Some((_, id)) = names.iter().find(|(known, _)| known.eq_ignore_ascii_case(plain)) {
            return id.parse();
        }
        let near = nearest(name, names.iter().map(|(known, _)| *known));
        let is_id = name.len() >= SHORTEST_ID && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if is_id && near.is_none_or(|near| !is_misspelt(name, near)) {
            return name.parse();
        }
        let hint = match near.and_then(|near| names.iter().find(|(known, _)| *known == near)) {
            Some((near, id)) if near == id => format!("did you mean {near:?}?"),
            Some((near, id)) => format!("did you mean {near:?}, {id}?"),
            None => "write Amazon's id, a country's code such as ES, or a name such as amazon.es; \
                     `sellerlake sql \"SELECT * FROM marketplaces\"` lists them"
                .to_owned(),
        };
        Err(Error::permanent(Kind::Usage, format!("{name:?} is no marketplace that is known")).hint(hint))
    }

    /// What a request covers as it is filed: a marketplace by its id, a region in capitals (a marketplace
    /// means its own), anything else as it is.
    pub fn named_scope(&self, source: &Source, name: &str) -> Result<String> {
        match source.scope.as_str() {
            "marketplace" => self.named_marketplace(name).map(|marketplace| marketplace.to_string()),
            "region" => {
                let region = name.trim().parse::<Region>().or_else(|unknown| {
                    let place = self.named_marketplace(name).ok();
                    place.and_then(|place| self.region_of(&place)).ok_or(unknown)
                })?;
                Ok(region.as_str().to_uppercase())
            }
            _ => Ok(name.to_owned()),
        }
    }
}

/// Whether an id differs from a known one in so little that it is meant.
fn is_misspelt(name: &str, known: &str) -> bool {
    let others = name.bytes().zip(known.bytes()).filter(|(one, other)| one != other).count();
    name.len().abs_diff(known.len()) + others <= 3
}
