//! Who may be seen.

use std::collections::BTreeSet;

use sellerlake_contracts::SellerId;

/// Who may be seen.
#[derive(Debug, Clone)]
pub enum Granted {
    /// Every seller in the lake.
    All,
    /// These.
    Sellers(BTreeSet<SellerId>),
}

impl Granted {
    /// One request per seller; `None` stands for everybody at once.
    pub(crate) fn sellers(&self) -> Vec<Option<SellerId>> {
        self.among(None)
    }

    /// The same for who wants no others than these. A name that can be no seller's is nobody's.
    pub(crate) fn among(&self, wanted: Option<&BTreeSet<String>>) -> Vec<Option<SellerId>> {
        match (self, wanted) {
            (Self::All, None) => vec![None],
            (Self::All, Some(wanted)) => wanted.iter().filter_map(|name| name.parse().ok()).map(Some).collect(),
            (Self::Sellers(sellers), wanted) => {
                let is_wanted = |seller: &&SellerId| wanted.is_none_or(|wanted| wanted.contains(seller.as_str()));
                sellers.iter().filter(is_wanted).cloned().map(Some).collect()
            }
        }
    }
}
