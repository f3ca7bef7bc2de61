//! The words every part of sellerlake shares: who, what, when, where it lies, and what went wrong.
//!
//! Nothing here names a dataset, opens a file or asks the time.

mod clock;
mod delivery;
mod error;
pub mod failpoint;
mod ids;
mod month;
mod partition;
mod window;

pub use clock::{Clock, SystemClock};
pub use delivery::{Delivery, DeliveryId, META_VERSION, Scope};
pub use error::{Error, Kind, Result, Status};
pub use ids::{MarketplaceId, SellerId};
pub use month::{Month, MonthReach};
pub use partition::{Area, ObjectState, Partition};
pub use window::Window;
