//! Which deliveries are loaded together.

use std::collections::BTreeMap;

use sellerlake_contracts::{Delivery, Result, SellerId};

use crate::loading::Loading;

/// Deliveries merged at once.
const GROUP: usize = 32;

/// Bytes, inflated, after which a group of deliveries is closed: each keeps its sorted rows in memory until all of
/// them are merged.
const GROUP_BYTES: u64 = 16 << 20;

/// How many times as long gzip's content usually is, where it doesn't say.
pub(crate) const USUAL_RATIO: u64 = 10;

/// How large a group of deliveries has become.
#[derive(Debug, Clone, Copy, Default)]
pub struct GroupSize {
    deliveries: usize,
    plain_bytes: u64,
}

impl GroupSize {
    /// One delivery more, which inflates to about so many bytes ([`Loading::plain_size`]).
    pub fn add(&mut self, plain_bytes: u64) {
        self.deliveries += 1;
        self.plain_bytes += plain_bytes;
    }

    /// Whether what comes next belongs into another group.
    pub fn is_full(&self) -> bool {
        self.deliveries >= GROUP || self.plain_bytes >= GROUP_BYTES
    }
}

impl Loading {
    /// About how many bytes a landed delivery inflates to; what tells groups when they are full, and no more.
    ///
    /// gzip states its length in its last bytes, modulo 4 GiB and for its last member alone: a length below that of
    /// the file itself is no length.
    pub async fn plain_size(&self, delivery: &Delivery) -> Result<u64> {
        let stored_bytes = delivery.size_bytes;
        Ok(match self.shared.lake.gzip_length(delivery).await? {
            None => stored_bytes,
            Some(stated_bytes) if stated_bytes >= stored_bytes => stated_bytes,
            Some(_) => stored_bytes.saturating_mul(USUAL_RATIO),
        })
    }

    /// One owner's deliveries in groups small enough to merge at once.
    ///
    /// In the order they came: which of two gives way follows from that.
    pub(crate) async fn groups(&self, mut owned: Vec<Delivery>) -> Result<Vec<Vec<Delivery>>> {
        owned.sort_by(|one, other| (one.fetched_at, &one.id).cmp(&(other.fetched_at, &other.id)));
        let mut groups = Vec::new();
        let (mut group, mut size) = (Vec::new(), GroupSize::default());
        for delivery in owned {
            size.add(self.plain_size(&delivery).await?);
            group.push(delivery);
            if size.is_full() {
                groups.push(std::mem::take(&mut group));
                size = GroupSize::default();
            }
        }
        groups.extend(Some(group).filter(|group| !group.is_empty()));
        Ok(groups)
    }
}

/// Deliveries by source and seller.
pub(crate) fn by_owner(deliveries: Vec<Delivery>) -> Vec<Vec<Delivery>> {
    let mut by_owner: BTreeMap<(String, SellerId), Vec<Delivery>> = BTreeMap::new();
    for delivery in deliveries {
        by_owner.entry((delivery.source.clone(), delivery.seller.clone())).or_default().push(delivery);
    }
    by_owner.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_full_of_deliveries_or_of_what_they_inflate_to() {
        let sized = |count: usize, plain_bytes: u64| {
            let mut size = GroupSize::default();
            (0..count).for_each(|_| size.add(plain_bytes));
            size.is_full()
        };
        assert_eq!([sized(31, 1), sized(32, 1)], [false, true]);
        assert_eq!([sized(1, GROUP_BYTES - 1), sized(1, GROUP_BYTES), sized(2, GROUP_BYTES / 2)], [false, true, true]);
    }
}
