//! What is asked of a load, and what it says of the deliveries it took.

use std::collections::{BTreeMap, BTreeSet};

use sellerlake_contracts::{Area, Delivery, DeliveryId, Month, Partition, SellerId};
use sellerlake_schemas::Source;
use sellerlake_state::{AlertKind, Condition};
use sellerlake_transforms::decode::Outcome;
use sellerlake_transforms::merge::Ties;

/// Partitions that are damaged, and the tag of what stands there; none where it is gone.
pub(crate) type Damaged = BTreeMap<Partition, Option<String>>;

/// How a group of deliveries is loaded.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Deliveries whose standing rows are dropped first: those a replay reads again.
    pub replaying: BTreeSet<DeliveryId>,
    /// A delivery that is being taken back: nothing gives way to it.
    pub(crate) leaving: Option<DeliveryId>,
    /// Partitions of which what stands is damaged: what is merged takes its place.
    pub(crate) damaged: Damaged,
    /// Nothing is written: it is only counted what would be.
    pub(crate) only_count: bool,
}

/// What became of one delivery.
#[derive(Debug)]
pub struct Loaded {
    /// The delivery.
    pub delivery: Delivery,
    /// What decoding found.
    pub outcome: Outcome,
    /// Rows of older versions of units than the delivery itself has of them.
    pub set_aside: u64,
    /// How many units it has: of those what it was first to bring, or brought newer, stands.
    pub units: u64,
}

impl Loaded {
    /// The same, where rows are missing: those of units that don't add up are all there.
    pub(crate) fn unread(&self) -> Option<String> {
        let Outcome { rejected, held_back, incomplete, .. } = &self.outcome;
        let is_read = !self.outcome.more_follows && *rejected == 0 && held_back.is_empty() && incomplete.is_empty();
        self.lack().filter(|_| !is_read)
    }

    /// What of the delivery could not be read and so isn't loaded, for a reader; `None` if everything is.
    pub(crate) fn lack(&self) -> Option<String> {
        let Outcome { rejected, held_back, incomplete, strayed, unbalanced, padded, cut_off, more_follows, .. } =
            &self.outcome;
        if self.outcome.is_whole() {
            return None;
        }
        let id = &self.delivery.id;
        let count = |number: u64, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let rows = count(*rejected, "row");
        let units = |number: usize| if number == 1 { "1 unit is".to_owned() } else { format!("{number} units are") };
        let what = if !strayed.is_empty() && *rejected == 0 && unbalanced.is_empty() {
            let rows = count(self.outcome.outside_window, "row");
            let days = count(strayed.len() as u64, "day");
            format!(
                "{rows} of delivery {id} {are} left out, of {days} beyond the window it was asked for, which must be the one \
                 it was made for",
                are = if self.outcome.outside_window == 1 { "is" } else { "are" }
            )
        } else if *rejected == 0 && held_back.is_empty() && !self.outcome.hold_back_all {
            let first = unbalanced.first().map_or_else(String::new, |unit| {
                format!(": {} adds up to {} instead of {}", unit.unit, unit.sum, unit.expected)
            });
            let units = unbalanced.len().max(incomplete.len());
            let are = if units == 1 { "is not as it" } else { "are not as they" };
            format!("{} of delivery {id} {are} should be{first}", count(units as u64, "unit"))
        } else {
            let without = match (held_back.len(), incomplete.len()) {
                _ if self.outcome.hold_back_all => ", and what they belong to can't be told: nothing is loaded".into(),
                (0, 0) => String::new(),
                (0, incomplete) => format!(", of {} whose other rows are loaded", count(incomplete as u64, "unit")),
                (held_back, _) => format!(", so {} held back as they stood before", units(held_back)),
            };
            format!("{rows} of delivery {id} can't be read{without}")
        };
        let what = if *more_follows {
            let is_all = *rejected == 0 && held_back.is_empty() && unbalanced.is_empty();
            let rest = if is_all { String::new() } else { format!("; {what}") };
            format!("delivery {id} ends with a page that names a next one, which isn't there{rest}")
        } else {
            what
        };
        let what = match cut_off {
            Some(line) => format!("delivery {id} ends in the middle of line {line}; {what}"),
            None if *padded > 0 => {
                let (rows, ends) = (count(*padded, "row"), if *padded == 1 { "ends" } else { "end" });
                format!("{rows} of delivery {id} {ends} before the last columns; {what}")
            }
            None => what,
        };
        Some(format!(
            "{what}: `sellerlake replay` once the source is mended, `sellerlake sync --retry` or `sellerlake ingest` once \
             the document is, `sellerlake withdraw {id}` if it should never have come"
        ))
    }
}

/// What became of a group of deliveries of one source and seller.
#[derive(Debug, Default)]
pub struct Group {
    /// Each delivery.
    pub loaded: Vec<Loaded>,
    /// Partitions that changed.
    pub touched: Vec<Partition>,
    /// Units nobody had before.
    pub units_added: u64,
    /// Units that took an older version's place.
    pub units_replaced: u64,
    /// Units whose standing version is newer than what came.
    pub units_superseded: u64,
    /// Units that two deliveries, true at the same moment, have differently.
    pub ties: Ties,
    /// Units that stand in two months.
    pub moved: Moved,
}

/// Units of a source that stand in two months.
#[derive(Debug, Default)]
pub struct Moved {
    /// How many.
    pub units: u64,
    /// One of them, and its months.
    pub example: Option<(String, Month, Month)>,
}

impl Moved {
    /// What is wrong, `column` being the one a unit's month is taken from; `None` where nothing is.
    pub fn told(&self, column: &str) -> Option<String> {
        let (unit, one, other) = self.example.as_ref()?;
        let more = if self.units > 1 { format!(", as do {} more units", self.units - 1) } else { String::new() };
        Some(format!("{unit:?} stands in {one} and in {other}{more}: {column} has changed"))
    }
}

impl Group {
    /// Deliveries that were refused, or of which something can't be read or doesn't add up.
    pub fn in_part(&self) -> u64 {
        self.loaded.iter().filter(|loaded| !loaded.outcome.is_whole()).count() as u64
    }
}

pub(crate) fn source_partition(source: &Source, seller: &SellerId, month: Option<Month>) -> Partition {
    Partition { area: Area::Sources, name: source.name.clone(), seller: seller.clone(), month }
}

/// What an alert about a seller's rows of a source is about; it names the seller, who alone may see it.
pub(crate) fn source_folder(source: &str, seller: &SellerId) -> String {
    Partition { area: Area::Sources, name: source.to_owned(), seller: seller.clone(), month: None }.path()
}

/// That a delivery can't be loaded; loading it resolves it.
pub(crate) fn not_loaded(seller: &SellerId, delivery: &DeliveryId) -> Condition {
    Condition::of_seller(AlertKind::Load, seller, delivery.as_str())
}
