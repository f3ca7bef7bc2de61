//! Documents behind presigned addresses: minted, downloaded, checked.
//!
//! Bytes are read more than once on their way in, each time for a reason. Here they are inflated to nothing: only that
//! proves a gzip file whole, and only now is its address good for another try; five minutes later it would stand in
//! `raw/` damaged, for a person to mend. Landing copies them once more, into a file that is published by a rename: what
//! waits here outlives a crash between two steps, what lies there must not. Decoding inflates what stands in `raw/`,
//! perhaps a process or a year later.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use reqwest::header::CONTENT_TYPE;
use sellerlake_contracts::{Error, Kind};

use crate::ask::Ask;
use crate::call::Caller;
use crate::classify::Reply;
use crate::failure::{CallFault, Stop};
use crate::retry::Tries;
use crate::scratch::{AnswerSpool, Scratch, Section};
use crate::transport::broken;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A document as it came.
pub(crate) struct Document {
    /// Its bytes: one page.
    pub spool: AnswerSpool,
    pub is_gzip: bool,
    /// The whole content type.
    pub content_type: String,
}

impl Document {
    /// The charset label of the content type, verbatim (amazon.md: Charsets).
    pub(crate) fn charset(&self) -> Option<String> {
        let parameters = self.content_type.split(';').skip(1).filter_map(|part| part.split_once('='));
        let mut labels = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
        labels.next().map(|(_, label)| label.trim().trim_matches('"').to_owned()).filter(|label| !label.is_empty())
    }

    /// The text, decompressed, at most `limit` bytes of it: for explanations.
    pub(crate) fn explanation(self, limit: u64) -> String {
        let mut bytes = Vec::new();
        let page = BufReader::new(self.spool.page(0));
        let _ = if self.is_gzip {
            MultiGzDecoder::new(page).take(limit).read_to_end(&mut bytes)
        } else {
            page.take(limit).read_to_end(&mut bytes)
        };
        String::from_utf8_lossy(&bytes).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Where an address comes from: a call, and where in its answer the address stands.
pub(crate) struct Mint<'a> {
    pub ask: &'a Ask,
    pub pointer: &'a str,
    /// Whether the bytes must be gzip whatever the answer says.
    pub always_gzip: bool,
}

/// Fetches a document. An address is used as long as it works and minted again when it has expired; what arrives cut
/// short or damaged is downloaded again.
pub(crate) async fn fetch(caller: &Caller, scratch: &Scratch, mint: Mint<'_>) -> Result<Document, Stop> {
    let mut tries = Tries::default();
    let mut minted: Option<Reply> = None;
    loop {
        let reply = match minted.take() {
            Some(reply) => reply,
            None => caller.call(mint.ask).await?,
        };
        let mut failure = match attempt(caller, scratch, &mint, &reply).await {
            Err(Stop::Failed(failure)) if failure.fault != CallFault::Ours => failure,
            other => return other,
        };
        let Some(delay) = tries.after(&failure, false, fastrand::f64()) else {
            failure.error = failure.error.spent();
            return Err(Stop::Failed(failure));
        };
        tracing::warn!(account = %caller.account, error = %failure.error, "downloading again");
        // Storage refuses an address that is older than five minutes (amazon.md: Life of a report).
        minted = (!matches!(failure.fault, CallFault::Expired | CallFault::NotAnAnswer)).then_some(reply);
        caller.pause(delay).await?;
    }
}

async fn attempt(caller: &Caller, scratch: &Scratch, mint: &Mint<'_>, reply: &Reply) -> Result<Document, Stop> {
    let url = reply.text(mint.pointer).ok_or_else(|| {
        let fault = CallFault::NotAnAnswer;
        Stop::failed(fault, "", fault.error("Amazon names no address for the document").at("document.mint"))
    })?;
    let mut response = caller.transport.download(url).await?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(refused(status));
    }
    let header = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = header.unwrap_or_default().to_owned();
    let mut spool = scratch.spool(&caller.account.to_string())?;
    let mut length = 0;
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        spool.write(length, &chunk)?;
        length += chunk.len() as u64;
    }
    spool.close_page(length);
    let stated = mint.always_gzip || reply.text("/compressionAlgorithm").is_some_and(|name| name == "GZIP");
    let is_gzip = checked(spool.page(0), stated).await?;
    Ok(Document { spool, is_gzip, content_type })
}

/// Whether the bytes are gzip; an error if they are damaged. The first two bytes decide, not what was announced.
async fn checked(section: Section, stated: bool) -> Result<bool, Stop> {
    let checking = tokio::task::spawn_blocking(move || {
        let mut reader = BufReader::with_capacity(1 << 16, section);
        let start = io::BufRead::fill_buf(&mut reader).unwrap_or_default();
        if start.is_empty() {
            return Err(damaged("it is empty"));
        }
        if !start.starts_with(&GZIP_MAGIC) {
            return if stated { Err(damaged("it should be gzip and isn't")) } else { Ok(false) };
        }
        let copied = io::copy(&mut MultiGzDecoder::new(reader), &mut io::sink());
        copied.map(|_| true).map_err(|error| damaged(&error.to_string()))
    });
    checking.await.unwrap_or_else(|error| {
        Err(Error::permanent(Kind::Internal, "checking a download failed").source(error).into())
    })
}

fn damaged(why: &str) -> Stop {
    let fault = CallFault::CutShort;
    Stop::failed(fault, "", fault.error("the downloaded document is damaged").at("document.check").with("cause", why))
}

fn refused(status: u16) -> Stop {
    let fault = match status {
        400 | 401 | 403 | 404 | 410 => CallFault::Expired,
        _ => CallFault::Unavailable,
    };
    let error = fault.error("the document's address doesn't work").at("document.download").with("status", status);
    Stop::failed(fault, "", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charset_is_the_servers_own_word() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::open(folder.path()).unwrap();
        let document = |content_type: &str| Document {
            spool: scratch.spool("a").unwrap(),
            is_gzip: false,
            content_type: content_type.to_owned(),
        };
        assert_eq!(document("text/plain; charset=Cp1252").charset().as_deref(), Some("Cp1252"));
        assert_eq!(document("text/plain;Charset=\"Shift_JIS\"").charset().as_deref(), Some("Shift_JIS"));
        assert_eq!(document("text/plain").charset(), None);
    }
}
