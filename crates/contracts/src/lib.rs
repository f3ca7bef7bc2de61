//! The words every part of sellerlake shares: who, what, when, where it lies, and what went wrong.
//!
//! Nothing here names a dataset, opens a file or asks the time.

mod account;
mod clock;
mod connector;
mod delivery;
mod error;
pub mod failpoint;
mod ids;
mod month;
mod partition;
mod printable;
mod secret;
mod window;

pub use account::{AccountId, Region};
pub use clock::{Clock, SystemClock};
pub use connector::{
    AmazonAnswer, BucketLevel, BucketStore, Connector, ConnectorFacts, Keyed, Pace, Page, Request, SharedBucket, Step,
    soon_full,
};
pub use delivery::{Delivery, DeliveryId, META_VERSION, Scope};
pub use error::{Error, Kind, Result, Status};
pub use ids::{MarketplaceId, SellerId};
pub use month::{Month, MonthReach};
pub use partition::{Area, ObjectState, Partition};
pub use printable::printable;
pub use secret::{Secret, wipe};
pub use window::Window;
