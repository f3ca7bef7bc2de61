//! What stores and disks say when they fail, put into our words once.

use std::error::Error as StdError;
use std::fmt::Display;
use std::io::{self, ErrorKind};

use object_store::client::{HttpError, HttpErrorKind};
use sellerlake_contracts::{Error, Kind, Result};

/// Finds an error of type `E` in a chain of causes.
fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        // An io::Error hides the error it carries from `source()` and shows that one's cause instead.
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = carried.map(|carried| carried as &(dyn StdError + 'static)).or_else(|| error.source());
    }
    None
}

pub(crate) fn disk_hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Some("the disk is full or a quota is used up: free some space and run again; nothing was published")
        }
        ErrorKind::FileTooLarge => {
            Some("no file may grow so large here: raise the limit (`ulimit -f`) and run again; nothing was published")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            Some("this user may not write there: change the owner or mode of the folder, or choose another lake")
        }
        _ => None,
    }
}

/// A failure of the local disk.
pub(crate) fn disk(operation: &'static str, path: impl Display, error: io::Error) -> Error {
    let kind = error.kind();
    let failed = match kind {
        ErrorKind::NotFound => Error::permanent(Kind::NotFound, "there is no such file"),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            Error::permanent(Kind::Storage, "the disk refuses access")
        }
        _ => Error::transient(Kind::Storage, "the disk failed"),
    };
    let failed = failed.at(operation).with("path", path).source(error);
    match disk_hint(kind) {
        Some(hint) => failed.hint(hint),
        None => failed,
    }
}

/// A failure of the Parquet or Arrow layer while a file was written or read.
pub(crate) fn parquet(
    operation: &'static str,
    path: impl Display,
    error: impl StdError + Send + Sync + 'static,
) -> Error {
    match cause::<io::Error>(&error).map(io::Error::kind) {
        Some(kind) => {
            let failed = Error::transient(Kind::Storage, "the disk failed under a Parquet file")
                .hint(disk_hint(kind).unwrap_or("look at the machine's disk, then run again; nothing was published"));
            failed.at(operation).with("path", path).source(error)
        }
        None => Error::permanent(Kind::Data, "not a readable Parquet file, or rows that don't fit its schema")
            .at(operation)
            .with("path", path)
            .hint("`sellerlake verify --repair` makes an object that can't be read again")
            .source(error),
    }
}

/// A failure of the store where nothing was to be changed, or where changing it twice does no harm.
pub(crate) fn store(operation: &'static str, path: impl Display, error: object_store::Error) -> Error {
    use object_store::Error as Store;
    let failed = match &error {
        Store::NotFound { .. } => Error::permanent(Kind::NotFound, "there is no such object"),
        Store::AlreadyExists { .. } | Store::Precondition { .. } | Store::NotModified { .. } => {
            Error::transient(Kind::Conflict, "the object changed in the meantime")
        }
        Store::PermissionDenied { .. } | Store::Unauthenticated { .. } => {
            Error::permanent(Kind::Storage, "the store refuses access")
                .hint("check the access key, its rights on this bucket and prefix, and the region")
        }
        _ => match cause::<io::Error>(&error).map(io::Error::kind) {
            Some(kind) if disk_hint(kind).is_some() => {
                Error::permanent(Kind::Storage, "the store can't be used").hint(disk_hint(kind).unwrap_or_default())
            }
            _ => Error::transient(Kind::Storage, "the store failed"),
        },
    };
    failed.at(operation).with("path", path).source(error)
}

/// A failure of a conditional PUT: the same, but an answer that never came leaves the outcome unknown.
pub(crate) fn conditional_put(operation: &'static str, path: impl Display, error: object_store::Error) -> Error {
    if !matches!(error, object_store::Error::Generic { .. }) {
        return store(operation, path, error);
    }
    let never_sent = cause::<HttpError>(&error).is_some_and(|http| http.kind() == HttpErrorKind::Connect);
    if never_sent || is_refused(&error) {
        return store(operation, path, error);
    }
    Error::transient(Kind::Timeout, "the store didn't say whether it stored the object")
        .at(operation)
        .with("path", path)
        .source(error)
}

/// Whether the store understood the request and won't carry it out: a status of 4xx, or 501.
pub(crate) fn is_refused(error: &object_store::Error) -> bool {
    if matches!(error, object_store::Error::NotImplemented { .. }) {
        return true;
    }
    // object_store has no type for a status that it has no variant for, only this text.
    let text = error.to_string();
    text.contains("status code: 4") || text.contains("status code: 501")
}

/// Runs disk work on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::permanent(Kind::Internal, "a disk task broke off").source(error)),
    }
}
