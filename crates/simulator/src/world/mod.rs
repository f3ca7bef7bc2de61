//! A seeded world of sellers: a list of events, and the things the events speak of.
//!
//! The same seed gives the same world, byte for byte, on every machine: no clock, no float that rounds differently, no
//! iteration over hashed collections. Money is an integer in the minor unit of its currency. Nothing here knows how
//! Amazon prints anything; that is [`crate::reports`] and [`crate::answers`].

mod advertising;
mod event;
mod grow;
mod latency;
mod marketplace;
mod money;
mod order;
mod product;
mod profile;
mod settlement;
mod standing;
mod stock;
mod timeline;
mod transaction;

pub use advertising::{Ad, AdProduct, AdsProfile, Campaign};
pub use event::{CancelledBy, Event, What};
pub use latency::{Source, published_at, transaction_published_at};
pub use marketplace::{Marketplace, Region, Tax, marketplace, marketplaces};
pub use money::decimal;
pub use order::{Item, Order, Parcel, UnitMoney};
pub use product::{Product, Title};
pub use profile::{Profile, SellerProfile};
pub use settlement::Settlement;
pub use standing::{ItemStanding, Standing, Status, standing};
pub use stock::{Level, Movement, MovementKind, Reimbursement, Return, stock_levels};
pub use timeline::Thread;
pub use transaction::{Charge, Line, Transaction, TransactionKind};

pub(crate) use latency::latency;
pub(crate) use money::{hashed, json_amount};
pub(crate) use product::PriceSteps;
pub(crate) use stock::strands;
pub(crate) use timeline::Timeline;

use chrono::{DateTime, Utc};

/// All sellers of one simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    sellers: Vec<Seller>,
    /// Whether the ledger report takes its range as instants, see [`Profile::ledger_by_instant`].
    pub(crate) ledger_by_instant: bool,
}

/// One selling partner in one region: everything that ever happened to it, and what that happened to.
///
/// Events name things by their place in these lists. Lists are only read after growth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seller {
    /// Amazon's id of the selling partner.
    pub id: String,
    /// Name of its store.
    pub name: String,
    /// Region whose endpoints answer for it.
    pub region: Region,
    /// Where it sells, the first being its home.
    pub marketplaces: Vec<&'static Marketplace>,
    /// What it sells.
    pub products: Vec<Product>,
    /// Orders in the order they were placed.
    pub orders: Vec<Order>,
    /// Everything that moved money.
    pub transactions: Vec<Transaction>,
    /// Units that came back to Amazon's warehouses.
    pub returns: Vec<Return>,
    /// Reimbursements and their reversals.
    pub reimbursements: Vec<Reimbursement>,
    /// Settlements, each currency area's in order.
    pub settlements: Vec<Settlement>,
    /// Advertising profiles, one for each marketplace, empty for a seller who doesn't advertise.
    pub ads_profiles: Vec<AdsProfile>,
    /// Campaigns of all profiles.
    pub campaigns: Vec<Campaign>,
    /// Ads of all campaigns.
    pub ads: Vec<Ad>,
    /// What happened, oldest first.
    pub events: Vec<Event>,
    pub(crate) timeline: Timeline,
}

impl World {
    /// Lets the profile's sellers live through their time.
    pub fn grow(profile: &Profile) -> Self {
        Self {
            sellers: profile.sellers.iter().map(|seller| grow::seller(profile, seller)).collect(),
            ledger_by_instant: profile.ledger_by_instant,
        }
    }

    /// All sellers, in the profile's order.
    pub fn sellers(&self) -> &[Seller] {
        &self.sellers
    }

    /// The seller with this id.
    pub fn seller(&self, id: &str) -> Option<&Seller> {
        self.sellers.iter().find(|seller| seller.id == id)
    }

    /// The advertising profiles of a seller; none if there is no such seller.
    pub fn ads_profiles(&self, seller: &str) -> &[AdsProfile] {
        self.seller(seller).map_or(&[], |seller| &seller.ads_profiles)
    }

    /// The seller an advertising profile belongs to, and the profile's place in its list.
    pub fn ads_profile(&self, profile_id: &str) -> Option<(&Seller, usize)> {
        self.sellers.iter().find_map(|seller| {
            let place = seller.ads_profiles.iter().position(|profile| profile.id == profile_id)?;
            Some((seller, place))
        })
    }
}

impl Seller {
    /// Events of one thread in `[from, to)`, oldest first, with their places in [`Seller::events`].
    pub fn between(
        &self,
        thread: Thread,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> impl Iterator<Item = (usize, &Event)> {
        self.timeline.between(&self.events, thread, from, to)
    }

    /// Whether the seller sells in the marketplace with this id.
    pub fn sells_in(&self, marketplace_id: &str) -> bool {
        self.marketplaces.iter().any(|market| market.id == marketplace_id)
    }

    /// Places of the orders placed in `[from, to)`.
    pub fn orders_placed(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> std::ops::Range<usize> {
        let start = self.orders.partition_point(|order| order.placed_at < from);
        let end = self.orders.partition_point(|order| order.placed_at < to);
        start..end.max(start)
    }

    /// The place of the order with this id, placed yet or not.
    pub fn order(&self, id: &str) -> Option<usize> {
        self.timeline.order(&self.orders, id)
    }

    /// The price a product was offered at in a marketplace at a moment, in minor units.
    pub fn price(&self, product: usize, market: &Marketplace, at: DateTime<Utc>) -> i64 {
        self.products[product].price(market.id, at)
    }
}
