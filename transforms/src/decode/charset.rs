//! Which charset a document is in: label, byte order mark, strict UTF-8, declared fallbacks (amazon.md: Charsets).

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use sellerlake_contracts::MarketplaceId;

use super::DecodeRequest;
use super::chunk::{self, Chunk};

/// A UTF-16 document is transcoded as a whole; Amazon sends none, spreadsheets save small ones.
const MAX_UTF16_BYTES: usize = 256 << 20;
/// Bytes windows-1252 does not define. Text in cp932 rarely gets by without one of them.
const UNDEFINED_IN_1252: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];
/// Amazon.co.jp, where unlabelled bytes are cp932 rather than windows-1252.
const JAPAN: &str = "A1VC38T7YXB528";

/// The charset of a document. All of them leave tab, comma, quote and newline at their ASCII bytes.
#[derive(Debug, Clone, Copy)]
pub struct Charset {
    /// What the bytes are decoded with: a document in UTF-16 has become UTF-8 by then.
    encoding: &'static Encoding,
    /// What the document came in.
    original: &'static Encoding,
    /// No label or mark said so, or the label was wrong.
    pub guessed: bool,
}

impl Charset {
    /// Its name in lower case, as in `windows-1252`.
    pub fn name(self) -> String {
        self.original.name().to_ascii_lowercase()
    }

    /// The text of a stretch of the document that was cut at line ends; `None` where bytes are invalid.
    pub fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        if self.encoding == UTF_8 {
            return std::str::from_utf8(bytes).ok().map(Cow::Borrowed);
        }
        self.encoding.decode_without_bom_handling_and_without_replacement(bytes)
    }

    /// The text with U+FFFD in place of invalid bytes.
    pub fn decode_lossy(self, bytes: &[u8]) -> Cow<'_, str> {
        self.encoding.decode_without_bom_handling(bytes).0
    }
}

/// A document's charset and its bytes, without byte order mark, in an ASCII-compatible charset.
pub struct Detected<'a> {
    /// What to decode with.
    pub charset: Charset,
    /// What to decode.
    pub bytes: Cow<'a, [u8]>,
}

/// Finds the charset; an error is the sentence with which the document is refused.
pub fn detect<'a>(request: &DecodeRequest<'_>, bytes: &'a [u8]) -> Result<Detected<'a>, String> {
    let label = request.delivery.charset.as_deref().filter(|label| !label.trim().is_empty());
    let labelled = label.and_then(for_label);
    let found = |encoding, guessed, skip: usize| {
        Ok(Detected {
            charset: Charset { encoding, original: encoding, guessed },
            bytes: Cow::Borrowed(&bytes[skip..]),
        })
    };
    if let Some((encoding, skip)) = Encoding::for_bom(bytes) {
        let agrees = label.is_none() || labelled == Some(encoding);
        if encoding == UTF_8 {
            if check_utf8(&bytes[skip..], request.threads).valid {
                return found(UTF_8, !agrees, skip);
            }
        } else {
            return transcode_utf16(encoding, &bytes[skip..], !agrees);
        }
    }
    let utf8 = check_utf8(bytes, request.threads);
    if let Some(encoding) = labelled {
        // Hardly any single-byte text with accents is valid UTF-8 by chance: then the label is wrong.
        let is_really_utf8 = encoding.is_single_byte() && utf8.valid && !utf8.ascii;
        if !is_really_utf8 && is_strict(encoding, bytes, utf8) {
            return found(encoding, false, 0);
        }
    }
    if utf8.valid {
        return found(UTF_8, label.is_some(), 0);
    }
    let mut fallbacks: Vec<_> = request.source.charset_fallbacks.iter().filter_map(|name| for_label(name)).collect();
    if request.delivery.marketplace.as_ref().map(MarketplaceId::as_str) == Some(JAPAN) {
        fallbacks.sort_by_key(|encoding| *encoding != SHIFT_JIS);
    }
    // A few broken bytes cost their rows; read in another charset they would cost every accent of the file.
    let damaged = labelled.filter(|label| !label.is_single_byte()).into_iter().chain([UTF_8]);
    if let Some(encoding) = damaged.into_iter().find(|encoding| is_damaged(encoding, bytes)) {
        return found(encoding, labelled != Some(encoding), 0);
    }
    let strict = fallbacks.iter().copied().find(|encoding| is_strict(encoding, bytes, utf8));
    let last_resort = fallbacks.first().copied().or(labelled).unwrap_or(UTF_8);
    found(strict.unwrap_or(last_resort), true, 0)
}

/// The encoding of a label as Amazon writes it: a bare name, Java's name, or a content type's parameter.
fn for_label(label: &str) -> Option<&'static Encoding> {
    let lower = label.trim().to_ascii_lowercase();
    let name = lower.split_once("charset=").map_or(lower.as_str(), |(_, name)| name);
    let name = name.split(';').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    let encoding = match name {
        "utf8" | "utf-8" => UTF_8,
        "cp1252" | "windows-1252" | "iso-8859-1" | "iso8859-1" | "iso8859_1" | "latin1" | "latin-1" => WINDOWS_1252,
        "shift_jis" | "shift-jis" | "sjis" | "windows-31j" | "ms932" | "cp932" => SHIFT_JIS,
        other => Encoding::for_label(other.as_bytes())?,
    };
    encoding.is_ascii_compatible().then_some(encoding)
}

#[derive(Clone, Copy)]
struct Utf8Check {
    valid: bool,
    ascii: bool,
}

fn check_utf8(bytes: &[u8], threads: usize) -> Utf8Check {
    let checks = chunk::map(&chunk::split(bytes, 0), threads, |chunk: &Chunk| {
        let bytes = &bytes[chunk.range.clone()];
        let ascii = bytes.is_ascii();
        Utf8Check { valid: ascii || std::str::from_utf8(bytes).is_ok(), ascii }
    });
    let both = |a: Utf8Check, b: Utf8Check| Utf8Check { valid: a.valid && b.valid, ascii: a.ascii && b.ascii };
    checks.into_iter().fold(Utf8Check { valid: true, ascii: true }, both)
}

/// Whether every byte means something in the encoding.
fn is_strict(encoding: &'static Encoding, bytes: &[u8], utf8: Utf8Check) -> bool {
    if utf8.ascii {
        return true;
    }
    if encoding == UTF_8 {
        return utf8.valid;
    }
    if encoding == WINDOWS_1252 {
        return !bytes.iter().any(|byte| UNDEFINED_IN_1252.contains(byte));
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut scratch = vec![0; 64 << 10];
    let mut at = 0;
    loop {
        match decoder.decode_to_utf8_without_replacement(&bytes[at..], &mut scratch, true) {
            (DecoderResult::InputEmpty, ..) => return true,
            (DecoderResult::OutputFull, read, _) => at += read,
            (DecoderResult::Malformed(..), ..) => return false,
        }
    }
}

/// Whether most of what isn't ASCII means something in an encoding of several bytes a character.
fn is_damaged(encoding: &'static Encoding, bytes: &[u8]) -> bool {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut scratch = vec![0; 64 << 10];
    let (mut at, mut sound, mut broken) = (0, 0_usize, 0_usize);
    loop {
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(&bytes[at..], &mut scratch, true);
        at += read;
        sound += scratch[..written].iter().filter(|byte| !byte.is_ascii() && **byte >= 0xc0).count();
        match result {
            DecoderResult::InputEmpty => return sound > broken,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => broken += 1,
        }
    }
}

fn transcode_utf16(encoding: &'static Encoding, bytes: &[u8], guessed: bool) -> Result<Detected<'static>, String> {
    debug_assert!(encoding == UTF_16LE || encoding == UTF_16BE);
    if bytes.len() > MAX_UTF16_BYTES {
        return Err(format!(
            "the file is in {} and larger than {} MiB; save it as UTF-8 first",
            encoding.name(),
            MAX_UTF16_BYTES >> 20
        ));
    }
    let text = encoding.decode_without_bom_handling(bytes).0.into_owned();
    Ok(Detected {
        charset: Charset { encoding: UTF_8, original: encoding, guessed },
        bytes: Cow::Owned(text.into_bytes()),
    })
}
