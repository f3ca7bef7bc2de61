//! Opening the lake that settings name, on the clock they name, with the way to Amazon or without.

use std::sync::Arc;

use sellerlake_config::{ClockKind, Settings};
use sellerlake_connectors::SteppedClock;
use sellerlake_contracts::{Clock, Kind, Result, SystemClock};
use sellerlake_pipelines::Workspace;

use crate::Gateway;

/// The lake, and the way to Amazon; nothing is asked yet, and no secret is needed.
pub async fn with_amazon(settings: Settings) -> Result<(Workspace, Gateway)> {
    let (clock, stepped) = clock(&settings).await?;
    let workspace = Box::pin(Workspace::open(settings, clock)).await?;
    let gateway = Gateway::new(&workspace, stepped);
    Ok((workspace, gateway))
}

/// The lake for who asks nothing of Amazon, whose simulator may have ended.
pub async fn without_amazon(settings: Settings) -> Result<Workspace> {
    let clock = clock_to_read(&settings).await?;
    Box::pin(Workspace::open(settings, clock)).await
}

/// The lake for who only wants to look, and may not be allowed to do more.
pub async fn to_read(settings: Settings) -> Result<Workspace> {
    let clock = clock_to_read(&settings).await?;
    Box::pin(Workspace::open_to_read(settings, clock)).await
}

/// The clock that settings name, and the simulator's own handle on it where it is stepped.
async fn clock(settings: &Settings) -> Result<(Arc<dyn Clock>, Option<SteppedClock>)> {
    match (settings.amazon.clock, settings.amazon.endpoint()) {
        (ClockKind::Stepped, Some(endpoint)) => {
            let clock = SteppedClock::connect(endpoint).await?;
            Ok((Arc::new(clock.clone()), Some(clock)))
        }
        _ => Ok((Arc::new(SystemClock), None)),
    }
}

/// The same for who only looks: a simulator may have ended, and what was pulled from it stands.
pub async fn clock_to_read(settings: &Settings) -> Result<Arc<dyn Clock>> {
    match clock(settings).await {
        Ok((clock, _)) => Ok(clock),
        Err(error) if error.kind() == Kind::Unreachable => Ok(Arc::new(SystemClock)),
        Err(error) => Err(error),
    }
}
