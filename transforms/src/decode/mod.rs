//! Bytes become rows: flat files and JSON documents, whatever their charset, decimals, dates and mishaps.
//!
//! Decoding touches no clock, file or socket. Bad input is counted and described, never fatal: a bad row becomes a
//! [`Reject`], a file that can't be what it was said to be comes back with [`Outcome::refused`] set. Errors are left
//! for arguments that make no sense ([`Kind::Usage`]) and for failures of the receiver of the batches.
//!
//! [`Kind::Usage`]: sellerlake_contracts::Kind::Usage

mod agreement;
mod broken;
mod cell;
mod charset;
mod chunk;
mod columns;
mod control;
mod dates;
mod day_order;
mod evidence;
mod fault;
mod fragments;
mod future;
mod glued;
mod gunzip;
mod halves;
mod header;
mod ids;
mod json;
mod layout;
mod line;
mod marks;
mod moment;
mod month_name;
mod names;
mod notation;
mod number;
mod outcome;
mod personal;
mod places;
mod quoted;
mod recognise;
mod refusal;
mod rows;
mod sequence;
mod spreadsheet;
mod statements;
mod survey;
mod text;
mod trim;
mod twice;
mod units;
mod unnamed;
mod whose;

use arrow::record_batch::RecordBatch;
use sellerlake_contracts::{Delivery, Result};
use sellerlake_schemas::{Format, Source};

pub use columns::decoded_schema;
pub use day_order::Settled;
pub use gunzip::inflate;
pub use outcome::{EmptyUnit, Outcome, Reject, Unbalanced};
pub use recognise::recognise;

/// What decoding needs besides the bytes.
#[derive(Debug, Clone, Copy)]
pub struct DecodeRequest<'a> {
    /// What the bytes are said to be.
    pub source: &'a Source,
    /// Scope, window, as-of and charset label of the request that was answered.
    pub delivery: &'a Delivery,
    /// Keeps buyers' personal columns instead of dropping them.
    pub allow_personal_data: bool,
    /// Threads that may parse at once; 1 keeps everything on the caller's.
    pub threads: usize,
}

/// About how much memory decoding a document takes, in bytes: pieces of it that threads are at, and what they made of others.
pub fn decoding_bytes(document_bytes: u64, threads: usize) -> usize {
    let pieces = (2 * threads + 1) * chunk::CHUNK_BYTES;
    // Cells without a value take room too.
    usize::try_from(document_bytes).map_or(pieces, |bytes| bytes.min(pieces)) / 2 * 3
}

/// Receives the decoded batches, in the order of the document.
pub type Emit<'a> = dyn FnMut(RecordBatch) -> Result<()> + Send + 'a;

/// Decodes a delivery's plain bytes (see [`inflate`]), handing out batches of about 32,000 rows as they fill.
///
/// Batches have the [`decoded_schema`] of the source. What they hold counts only once the [`Outcome`] says so:
/// it may refuse the whole delivery or hold units back. The same bytes and request give the same batches,
/// whatever the number of threads. Memory stays bounded by the longest line allowed, not by the document.
pub fn decode(request: &DecodeRequest<'_>, bytes: &[u8], emit: &mut Emit<'_>) -> Result<Outcome> {
    match request.source.format {
        Format::Tsv | Format::Csv => text::decode(request, bytes, emit),
        Format::Json => json::decode(request, bytes, emit),
    }
}
