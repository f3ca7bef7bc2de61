//! What one session sees: the state and the lake, cut to the sellers it was granted.

use std::fmt;
use std::sync::Arc;

use sellerlake_contracts::{Area, ObjectState, Result, SellerId};
use sellerlake_state::SellerCatalogue;
use tokio::sync::OnceCell;

use crate::asking::granted::Granted;
use crate::asking::snapshots::Snapshots;
use crate::shared::Shared;

/// What one session sees. Whatever is read of state or lake is read for one of the sellers that [`Granted`] yields.
#[derive(Clone)]
pub(crate) struct Sight {
    pub(crate) granted: Arc<Granted>,
    pub(crate) shared: Arc<Shared>,
    /// Read once, and only if a statement asks for any: all tables of a session are as of one moment.
    objects: Arc<OnceCell<Arc<SessionObjects>>>,
    snapshots: Arc<Snapshots>,
}

/// The granted sellers' objects.
#[derive(Debug)]
pub(crate) enum SessionObjects {
    /// As the catalogue knows them.
    Known(Vec<Arc<SellerCatalogue>>),
    /// As somebody knows better.
    Given(Vec<ObjectState>),
}

impl SessionObjects {
    fn iter(&self) -> impl Iterator<Item = &ObjectState> {
        let (known, given) = match self {
            Self::Known(known) => (known.as_slice(), [].as_slice()),
            Self::Given(given) => ([].as_slice(), given.as_slice()),
        };
        known.iter().flat_map(|seller| &seller.objects).chain(given)
    }

    pub(crate) fn to_vec(&self) -> Vec<ObjectState> {
        self.iter().cloned().collect()
    }

    /// Those of one seller, or of all.
    pub(crate) fn of(&self, seller: Option<&SellerId>) -> impl Iterator<Item = &ObjectState> {
        self.iter().filter(move |object| seller.is_none_or(|seller| *seller == object.partition.seller))
    }

    pub(crate) fn of_dataset(&self, area: Area, name: &str) -> Vec<ObjectState> {
        let is_of = |object: &&ObjectState| object.partition.area == area && object.partition.name == name;
        self.iter().filter(is_of).cloned().collect()
    }
}

impl Sight {
    pub(crate) fn new(granted: &Granted, shared: &Arc<Shared>, snapshots: &Arc<Snapshots>) -> Self {
        Self {
            granted: Arc::new(granted.clone()),
            shared: Arc::clone(shared),
            objects: Arc::default(),
            snapshots: Arc::clone(snapshots),
        }
    }

    /// The same, with these objects in place of those the catalogue knows.
    pub(crate) fn with(&self, objects: Vec<ObjectState>) -> Self {
        Self { objects: Arc::new(OnceCell::from(Arc::new(SessionObjects::Given(objects)))), ..self.clone() }
    }

    /// The objects of this session, as the catalogue knew them when they were first asked for.
    pub(crate) async fn objects(&self) -> Result<Arc<SessionObjects>> {
        let read =
            async || Ok(Arc::new(SessionObjects::Known(self.snapshots.of(&self.granted, &self.shared.state).await?)));
        self.objects.get_or_try_init(read).await.cloned()
    }
}

impl fmt::Debug for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sight").field("granted", &self.granted).finish_non_exhaustive()
    }
}
