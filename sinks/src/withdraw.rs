//! Taking a landed delivery back out of `raw/`. Its metadata stays under another name: what was known on an earlier day
//! can't be made again without its bytes, and whoever asks for that must hear so.

use std::collections::BTreeMap;
use std::io::Write;

use bytes::Bytes;
use chrono::{DateTime, NaiveDateTime, Utc};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use sellerlake_contracts::{Delivery, Error, Result, SellerId, failpoint};

use crate::raw::{REQUESTS_IN_FLIGHT, WITHDRAWN_SUFFIX as SUFFIX, location};
use crate::{Lake, failure, meta, rejects};

const OPERATION: &str = "raw.withdraw";
/// How the moment stands in the name.
const MOMENT: &str = "%Y%m%dT%H%M%S%.3fZ";

/// A delivery that was taken back.
#[derive(Debug, Clone)]
pub struct Withdrawn {
    /// The delivery. Its bytes are gone.
    pub delivery: Delivery,
    /// When it was taken back, for the last time where that was done over again.
    pub at: DateTime<Utc>,
}

impl Lake {
    /// Removes a delivery: its metadata first, without which it isn't landed, then its bytes and what was rejected of it.
    /// Doing it again, or going on where it was cut short, is the same as doing it once.
    pub async fn withdraw(&self, delivery: &Delivery, at: DateTime<Utc>) -> Result<()> {
        self.note_withdrawal(delivery, at).await?;
        for path in [delivery.meta_path(), delivery.data_path(), rejects::path(delivery)] {
            match self.store().delete(&location(&path)?).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failure::store(OPERATION, path, error)),
            }
            failpoint::reach("raw.withdrawn")?;
        }
        Ok(())
    }

    async fn note_withdrawal(&self, delivery: &Delivery, at: DateTime<Utc>) -> Result<()> {
        let path = delivery.meta_path().replace(crate::raw::META_SUFFIX, &format!(".{}{SUFFIX}", at.format(MOMENT)));
        let note = meta::write(delivery)?;
        if self.local_root().is_none() {
            return self.put_whole(OPERATION, &path, Bytes::from(note)).await;
        }
        let lake = self.clone();
        failure::blocking(move || {
            let mut spool = lake.spool()?;
            let written = spool.write_all(&note);
            written.map_err(|error| failure::disk(OPERATION, spool.path().display(), error))?;
            lake.publish_on_disk(OPERATION, &path, spool)
        })
        .await
    }

    /// The deliveries that were taken back, by id, and notes of such that can't be used. Lists the store.
    pub async fn withdrawn(&self, seller: Option<&SellerId>) -> Result<(Vec<Withdrawn>, Vec<(String, Error)>)> {
        let (mut found, mut unreadable) = (BTreeMap::<_, Withdrawn>::new(), Vec::new());
        for folder in self.raw_folders(None, seller).await? {
            let failed = |error| failure::store("raw.list", &folder, error);
            let notes = self.store().list(Some(&folder)).map_err(failed);
            let notes = notes.try_filter(|note| std::future::ready(note.location.as_ref().ends_with(SUFFIX)));
            let read = notes.map_ok(|note| async move {
                let got = async { self.store().get(&note.location).await?.bytes().await }.await;
                let bytes = got.map_err(|error| failure::store("raw.list", &note.location, error))?;
                Ok((note.location.to_string(), bytes))
            });
            for (path, bytes) in read.try_buffered(REQUESTS_IN_FLIGHT).try_collect::<Vec<_>>().await? {
                match parse(&path, &bytes) {
                    Ok(note) => {
                        let latest = found.entry(note.delivery.id.clone()).or_insert_with(|| note.clone());
                        latest.at = latest.at.max(note.at);
                    }
                    Err(error) => unreadable.push((path.clone(), error.with("path", path))),
                }
            }
        }
        Ok((found.into_values().collect(), unreadable))
    }
}

fn parse(path: &str, bytes: &[u8]) -> Result<Withdrawn> {
    let delivery = meta::parse(bytes)?;
    let stem = delivery.meta_path().replace(crate::raw::META_SUFFIX, ".");
    let moment = path.strip_prefix(&stem).and_then(|rest| rest.strip_suffix(SUFFIX));
    let at = moment.and_then(|moment| NaiveDateTime::parse_from_str(moment, MOMENT).ok());
    let at = at.ok_or_else(|| meta::unreadable("it belongs to another place").with("belongs_to", stem))?;
    Ok(Withdrawn { delivery, at: at.and_utc() })
}
