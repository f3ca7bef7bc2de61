//! What one account's pipelines are run for: its marketplaces, its region, its Ads profiles.

use std::collections::BTreeMap;

use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use sellerlake_contracts::{AccountId, MarketplaceId, Scope};
use sellerlake_schemas::Schemas;

use crate::declared::marketplaces::marketplaces;
use crate::declared::pipeline::{Naming, Need, Pipeline, ScopeKind, Zone};

/// An Ads profile: one marketplace of one advertiser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileScope {
    /// Amazon's id of it.
    pub id: String,
    /// The marketplace it advertises in.
    pub marketplace: Option<MarketplaceId>,
    /// The zone its days are of.
    pub zone: Tz,
}

/// An account as planning sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Whose.
    pub id: AccountId,
    /// Where it sells.
    pub marketplaces: Vec<MarketplaceId>,
    /// Where it advertises.
    pub profiles: Vec<ProfileScope>,
    /// Nothing earlier is wanted; `None`: as far back as Amazon answers.
    pub since: Option<DateTime<Utc>>,
}

/// One scope of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scoped {
    /// As it stands in the ledger, in deliveries and in units.
    pub scope: Scope,
    /// The marketplaces a request names.
    pub marketplaces: Vec<MarketplaceId>,
    /// Whose midnight its days begin at.
    pub zone: Tz,
}

impl Scoped {
    /// What a clock on the wall of this scope shows, written as if it were UTC.
    pub fn wall(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at + self.zone.offset_from_utc_datetime(&at.naive_utc()).fix().as_delta()
    }
}

/// Seconds east of Greenwich as a span.
trait AsDelta {
    fn as_delta(&self) -> chrono::TimeDelta;
}

impl AsDelta for chrono::FixedOffset {
    fn as_delta(&self) -> chrono::TimeDelta {
        chrono::TimeDelta::seconds(i64::from(self.local_minus_utc()))
    }
}

/// The zones of Amazon's marketplaces.
#[derive(Debug, Clone, Default)]
pub struct Zones(BTreeMap<String, Tz>);

impl Zones {
    /// From the reference table `marketplaces`.
    pub fn of(schemas: &Schemas) -> Self {
        let pairs =
            marketplaces(schemas).into_iter().filter_map(|one| Some((one.id.to_owned(), one.zone.parse().ok()?)));
        Self(pairs.collect())
    }

    /// The zone of a marketplace; UTC for one nobody knows.
    pub fn zone(&self, marketplace: &MarketplaceId) -> Tz {
        self.0.get(marketplace.as_str()).copied().unwrap_or(Tz::UTC)
    }
}

/// The scope of what is asked for all of an account's marketplaces at once.
pub fn account_scope(id: &AccountId) -> Scope {
    Scope(id.to_string())
}

/// The scopes a pipeline has for an account; none where the account has nothing of the kind.
pub fn scopes(pipeline: &Pipeline, holder: &Holder, zones: &Zones) -> Vec<Scoped> {
    let local = matches!(&pipeline.need, Need::Window(rule) if rule.zone == Zone::Local);
    let named = |all: &[MarketplaceId]| match pipeline.marketplaces {
        Naming::All => all.to_vec(),
        Naming::First => all.iter().take(1).cloned().collect(),
        Naming::None => Vec::new(),
    };
    let whole = |scope: Scope| {
        let scoped = Scoped { scope, marketplaces: named(&holder.marketplaces), zone: Tz::UTC };
        if holder.marketplaces.is_empty() { Vec::new() } else { vec![scoped] }
    };
    match pipeline.scope {
        ScopeKind::Account => whole(account_scope(&holder.id)),
        ScopeKind::Region => whole(Scope(holder.id.region.as_str().to_uppercase())),
        ScopeKind::Marketplace => {
            let scoped = holder.marketplaces.iter().map(|marketplace| Scoped {
                scope: Scope(marketplace.to_string()),
                marketplaces: vec![marketplace.clone()],
                zone: if local { zones.zone(marketplace) } else { Tz::UTC },
            });
            scoped.collect()
        }
        ScopeKind::AdsProfile => {
            let scoped = holder.profiles.iter().map(|profile| Scoped {
                scope: Scope(profile.id.clone()),
                marketplaces: profile.marketplace.iter().cloned().collect(),
                zone: if local { profile.zone } else { Tz::UTC },
            });
            scoped.collect()
        }
    }
}
