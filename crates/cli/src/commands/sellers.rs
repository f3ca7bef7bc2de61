//! Sellers that are named on the command line.

use sellerlake_contracts::{Error, Kind, Result, SellerId};
use sellerlake_pipelines::{Workspace, nearest};

/// Refuses sellers of whom there is nothing: work for nobody, or an answer without rows, would look like success. Who else
/// there is isn't told, but for one whose id is nearly the same.
pub(crate) async fn known(workspace: &Workspace, named: &[SellerId]) -> Result<()> {
    let mut strange = Vec::new();
    for seller in named {
        if !workspace.objects.knows(seller).await? {
            strange.push(seller.as_str());
        }
    }
    let Some(first) = strange.first() else { return Ok(()) };
    let known = workspace.objects.known_sellers().await?;
    let hint = match nearest(first, known.iter().map(SellerId::as_str)) {
        _ if known.is_empty() => "there is no seller yet".to_owned(),
        Some(near) => format!("did you mean {near}?"),
        None => "`sellerlake account list` and meta.deliveries name those there are".to_owned(),
    };
    Err(Error::permanent(Kind::Usage, format!("there is nothing of seller {}", strange.join(", "))).hint(hint))
}
