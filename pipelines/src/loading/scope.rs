//! What a delivery covers. Units that a request makes (a day, a whole list) hold it: the same days under two names would
//! count twice.

use sellerlake_contracts::{AccountId, Delivery, DeliveryId, MarketplaceId, Region, Result, Scope};
use sellerlake_schemas::{Format, Source, Unit};
use sellerlake_state::{AccountFilter, DeliveryFilter, DeliveryRecord, DeliveryStatus};

use crate::loading::Loading;
use crate::loading::land::DeliveryFacts;
use crate::loading::loaded::Loaded;

impl Loading {
    /// What a delivery is filed under where nobody says: what its marketplace tells, or the only one of its kind that the
    /// seller's accounts have. `None` where several are as likely, or none is known.
    pub(crate) async fn likely_scope(&self, source: &Source, facts: &DeliveryFacts) -> Result<Option<Scope>> {
        if !has_request_units(source) || facts.seller.is_shared() {
            return Ok(None);
        }
        let filter = AccountFilter { seller: Some(facts.seller.clone()), ..AccountFilter::default() };
        let accounts = self.shared.state.accounts(&filter).await?;
        let region = || match &facts.marketplace {
            Some(marketplace) => self.region_of(marketplace),
            None => only(accounts.iter().map(|account| account.id.region)),
        };
        Ok(match source.scope.as_str() {
            "region" => region().map(|region| region.as_str().to_uppercase()),
            "account" => region().map(|region| AccountId::new(&facts.seller, region).to_string()),
            "profile" => {
                let mut profiles = Vec::new();
                for account in &accounts {
                    profiles.extend(self.shared.state.ads_profiles(&account.id).await?);
                }
                let all = facts.marketplace.is_none();
                profiles.retain(|profile| all || Some(&profile.marketplace) == facts.marketplace.as_ref());
                only(profiles.into_iter().map(|profile| profile.id))
            }
            _ => facts.marketplace.as_ref().map(MarketplaceId::to_string),
        }
        .map(Scope))
    }

    pub(crate) fn region_of(&self, marketplace: &MarketplaceId) -> Option<Region> {
        self.marketplaces().get(marketplace).copied()
    }

    /// Why a delivery may not stand beside one that came before it: both have the same days, and whether they cover the
    /// same isn't known. `group` are those loaded together with it,
    /// `leaving` one that is being taken back.
    pub(crate) async fn covered_already(
        &self,
        source: &Source,
        delivery: &Delivery,
        group: &[Loaded],
        leaving: Option<&DeliveryId>,
    ) -> Result<Option<String>> {
        if !has_request_units(source) {
            return Ok(None);
        }
        let filter = DeliveryFilter {
            source: Some(source.name.clone()),
            seller: Some(delivery.seller.clone()),
            ..DeliveryFilter::default()
        };
        let is_named = is_named(source, &delivery.scope);
        let refused_now =
            |id| group.iter().any(|Loaded { delivery, outcome, .. }| delivery.id == id && outcome.refused.is_some());
        // Short answers of Amazon's may be alike, and so may lists of stock.
        let can_be_alike = source.format == Format::Json || source.unit == Unit::AsOfDay;
        let is_same = |record: &DeliveryRecord| {
            let has_rows = record.report.as_ref().is_some_and(|report| report.rows > 0);
            !can_be_alike && has_rows && record.sha256 == delivery.sha256
        };
        let both_named = |record: &DeliveryRecord| is_named && self::is_named(source, &record.scope);
        let earlier = self.shared.state.deliveries(&filter).await?.into_iter().find(|record| {
            (record.fetched_at, &record.id) < (delivery.fetched_at, &delivery.id)
                && record.scope != delivery.scope
                && (is_same(record) || !both_named(record))
                && record.status != DeliveryStatus::Refused
                && Some(&record.id) != leaving
                && !refused_now(record.id.clone())
                && (is_same(record) || share_days(record, delivery))
        });
        Ok(earlier.map(|record| {
            let (kind, id) = (&source.scope, &record.id);
            if both_named(&record) {
                format!(
                    "the same bytes came as delivery {id}, of the {kind} {}: both would count. If that was wrong, take it \
                     back (`sellerlake withdraw {id} --yes`) and ingest this file again",
                    record.scope
                )
            } else if is_named {
                format!(
                    "delivery {id} has some of the same days, and nobody said of which {kind}: both would count. Take it \
                     back (`sellerlake withdraw {id} --yes`) and ingest its file with --scope {}",
                    delivery.scope
                )
            } else {
                format!(
                    "delivery {id} has some of the same days, of the {kind} {}, and nobody said of which {kind} this one \
                     is: both would count. Name it with --scope",
                    record.scope
                )
            }
        }))
    }
}

/// Whether units of a source follow from its requests.
fn has_request_units(source: &Source) -> bool {
    let own = source.rows.iter().filter_map(|rows| rows.unit.as_ref());
    own.chain([&source.unit]).any(|unit| !matches!(unit, Unit::Columns(_)))
}

/// Whether a scope says what it is of; two that do and differ share nothing.
fn is_named(source: &Source, scope: &Scope) -> bool {
    match source.scope.as_str() {
        "region" => scope.0.parse::<Region>().is_ok(),
        "account" => scope.0.parse::<AccountId>().is_ok(),
        _ => scope.is_told(),
    }
}

fn share_days(record: &DeliveryRecord, delivery: &Delivery) -> bool {
    match (record.window, delivery.window) {
        (Some(one), Some(other)) => one.from < other.to && other.from < one.to,
        _ => match (record.as_of, delivery.as_of) {
            (Some(one), Some(other)) => one.date_naive() == other.date_naive(),
            _ => false,
        },
    }
}

/// What all of them are.
fn only<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}
