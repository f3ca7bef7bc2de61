//! The lake as it was known on an earlier day, made from `raw/` alone.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sellerlake_config::{FILE_NAME, Settings};
use sellerlake_contracts::{Clock, Delivery, Error, Kind, Result, SellerId};
use sellerlake_query::Budget;
use sellerlake_sinks::{Lake, Standing, Withdrawn};
use sellerlake_transforms::Declarations;

use crate::Workspace;
use crate::care::replay::Replayed;
use crate::care::verify::{Complaint, told};
use crate::progress::Progress;

/// The settings' name while the lake beside them isn't whole yet.
const UNFINISHED: &str = "unfinished.toml";

/// A lake as it was known at some moment.
pub struct KnownLake {
    /// The lake made.
    pub workspace: Workspace,
    /// The deliveries that had come by then.
    pub deliveries: Vec<Delivery>,
    /// Those that came later.
    pub later: Vec<Delivery>,
    /// Deliveries of that time whose bytes are gone or are no longer those that came: they are missing in what was made.
    pub damaged: Vec<Complaint>,
    /// Deliveries of that time that were taken back since: they are missing too.
    pub withdrawn: Vec<Withdrawn>,
    /// What came of reading the others.
    pub replayed: Replayed,
}

/// Makes, in an empty directory, the lake that the deliveries fetched up to a moment would have given: their bytes, checked
/// and copied, read by today's declarations. Only `raw/` of the original is read, and nothing of it is changed.
///
/// Its settings are written last: a directory without them holds an attempt that was cut short.
pub async fn as_known(
    settings: &Settings,
    until: DateTime<Utc>,
    seller: Option<&SellerId>,
    into: &Path,
    clock: Arc<dyn Clock>,
    progress: &dyn Progress,
) -> Result<KnownLake> {
    let origin = Lake::open_to_read(&settings.lake, &settings.store)?;
    refuse_unless_empty(into, &origin)?;
    let budget = Budget::new(settings.memory_bytes);
    Box::pin(make(settings, &origin, until, seller, into, (budget, clock), progress)).await
}

/// The same in a directory of our own, wherever that lies.
pub(crate) async fn make(
    settings: &Settings,
    origin: &Lake,
    until: DateTime<Utc>,
    seller: Option<&SellerId>,
    into: &Path,
    (budget, clock): (Budget, Arc<dyn Clock>),
    progress: &dyn Progress,
) -> Result<KnownLake> {
    let Found { deliveries, later, withdrawn, mut damaged } = find(origin, until, seller).await?;
    let unfinished = into.join(UNFINISHED);
    set_up(settings, into, &unfinished)?;
    let workspace = Box::pin(Workspace::open_within(budget, Settings::read(&unfinished)?, clock)).await?;
    match fill(&workspace, origin, &deliveries, progress).await {
        Ok((unusable, replayed)) => {
            damaged.extend(unusable);
            std::fs::rename(&unfinished, into.join(FILE_NAME)).map_err(|error| unwritable(into, error))?;
            Ok(KnownLake { workspace, deliveries, later, damaged, withdrawn, replayed })
        }
        Err(error) => {
            workspace.state().close().await;
            Err(error)
        }
    }
}

/// Lands the deliveries in a lake and reads them.
async fn fill(
    workspace: &Workspace,
    origin: &Lake,
    deliveries: &[Delivery],
    progress: &dyn Progress,
) -> Result<(Vec<Complaint>, Replayed)> {
    let mut damaged = Vec::new();
    progress.begin("copying", Some(deliveries.len() as u64));
    for delivery in deliveries {
        match origin.land_in(workspace.lake(), delivery).await {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), Kind::Data | Kind::NotFound) => {
                damaged.push(Complaint { subject: delivery.data_path(), problem: format!("{error:#}") });
            }
            Err(error) => return Err(error),
        }
        progress.advance(1);
    }
    progress.end();
    Ok((damaged, workspace.care.replay(None, None, progress).await?))
}

/// What `raw/` says of a moment.
struct Found {
    deliveries: Vec<Delivery>,
    later: Vec<Delivery>,
    withdrawn: Vec<Withdrawn>,
    damaged: Vec<Complaint>,
}

async fn find(origin: &Lake, until: DateTime<Utc>, seller: Option<&SellerId>) -> Result<Found> {
    let shared = SellerId::shared();
    let sellers = [Some(seller), seller.filter(|seller| !seller.is_shared()).map(|_| Some(&shared))];
    let mut found = Found { deliveries: Vec::new(), later: Vec::new(), withdrawn: Vec::new(), damaged: Vec::new() };
    for seller in sellers.into_iter().flatten() {
        let Standing { deliveries, unreadable, .. } = origin.standing(None, seller).await?;
        let (known, later): (Vec<Delivery>, Vec<Delivery>) =
            deliveries.into_iter().partition(|delivery| delivery.fetched_at <= until);
        let (withdrawn, unreadable_notes) = origin.withdrawn(seller).await?;
        // One that was cut short, or whose delivery came again, took nothing away.
        found.withdrawn.extend(withdrawn.into_iter().filter(|one| {
            one.delivery.fetched_at <= until && until < one.at && known.iter().all(|known| known.id != one.delivery.id)
        }));
        // When a damaged one came nobody knows: it may be missing.
        let broken = unreadable.into_iter().chain(unreadable_notes);
        found.damaged.extend(broken.map(|(subject, error)| Complaint { subject, problem: told(&error) }));
        found.deliveries.extend(known);
        found.later.extend(later);
    }
    Ok(found)
}

/// A lake is made in a place of its own: nothing may be there yet, nor any other lake around it.
fn refuse_unless_empty(into: &Path, origin: &Lake) -> Result<()> {
    let refused = |why: &str| {
        Err(Error::permanent(Kind::Usage, format!("the lake as it was known can't be made there: {why}"))
            .with("path", into.display())
            .hint("name a directory that is empty or doesn't exist yet"))
    };
    let absolute = std::path::absolute(into).unwrap_or_else(|_| into.to_owned());
    let stands = absolute.ancestors().find_map(|folder| folder.canonicalize().ok());
    if origin.local_root().is_some_and(|root| stands.is_some_and(|folder| folder.starts_with(root))) {
        return refused("it is inside the lake");
    }
    match std::fs::read_dir(into).map(|mut entries| entries.next().is_some()) {
        Ok(true) => refused("the directory isn't empty"),
        Ok(false) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => refused("it is a file"),
        Err(error) => Err(unwritable(into, error)),
    }
}

/// The directory with its settings and a copy of the user's declarations.
fn set_up(settings: &Settings, into: &Path, file: &Path) -> Result<()> {
    let failed = |error| unwritable(into, error);
    std::fs::create_dir_all(into).map_err(failed)?;
    if let Some(user) = settings.declarations.as_deref() {
        for declared in Declarations::files(Some(user))?.of_user() {
            let copy = into.join("declarations").join(&declared.path);
            std::fs::create_dir_all(copy.parent().unwrap_or(into)).map_err(failed)?;
            std::fs::write(copy, &declared.text).map_err(failed)?;
        }
        std::fs::create_dir_all(into.join("declarations")).map_err(failed)?;
    }
    std::fs::write(file, settings.of_its_own()).map_err(failed)
}

fn unwritable(into: &Path, error: std::io::Error) -> Error {
    Error::permanent(Kind::Storage, "can't write the lake as it was known")
        .with("path", into.display())
        .source(error)
        .hint("free some space or choose another directory; what is there now can be removed")
}
