//! Presigned documents, as a storage service hands them out: no token, no API headers, an address that expires.

use std::io::Write;

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::ads;
use crate::faults::{Kind, documents};
use crate::server::call::Request;
use crate::server::{Amazon, Answer, chance};
use crate::spapi::{Document, KioskDesk};

/// The name downloads are counted and damaged by.
pub const OPERATION: &str = "files.download";

/// An address for a document, good until `expires`. `encoded` has the store declare the compression as an encoding.
pub fn sign(amazon: &Amazon, id: &str, expires: DateTime<Utc>, encoded: bool) -> String {
    let (expires, encoded) = (expires.timestamp().to_string(), u8::from(encoded).to_string());
    let signature = signature(amazon, id, &expires, &encoded);
    let url = amazon.url();
    format!("{url}/files/{id}?X-Amz-Expires-At={expires}&X-Amz-Encoded={encoded}&X-Amz-Signature={signature}")
}

fn signature(amazon: &Amazon, id: &str, expires: &str, encoded: &str) -> String {
    chance::hex(amazon.seed, &["file", id, expires, encoded], 64)
}

/// Answers a download. Refusals are XML, as the store's are.
pub fn serve(amazon: &Amazon, request: &Request) -> Answer {
    let id = request.path.trim_start_matches('/');
    if request.method != "GET" {
        return refuse(405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
    }
    if request.header("authorization").is_some() {
        return refuse(
            400,
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, \
            Signature query string parameter or the Authorization header should be specified",
        );
    }
    let field = |name: &str| request.query.get(name).unwrap_or_default();
    let (expires, encoded) = (field("X-Amz-Expires-At"), field("X-Amz-Encoded"));
    if signature(amazon, id, expires, encoded) != field("X-Amz-Signature")
        || request.header("x-amz-access-token").is_some()
    {
        return refuse(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you \
            provided. Check your key and signing method.",
        );
    }
    let document =
        Document::find(amazon, id).or_else(|| KioskDesk::document(amazon, id)).or_else(|| ads::document(amazon, id));
    let Some(document) = document else {
        return refuse(404, "NoSuchKey", "The specified key does not exist.");
    };
    let number = amazon.calls.begin(OPERATION, &document.seller);
    let seller = document.seller.clone();
    let strikes = |kind| amazon.faults.strikes(kind, OPERATION, &seller, number, request.now);
    let expired = expires.parse().is_ok_and(|expires: i64| request.now.timestamp() >= expires);
    if expired || strikes(Kind::ExpiredUrl) {
        return refuse(403, "AccessDenied", "Request has expired");
    }
    if strikes(Kind::Http500) {
        return refuse(500, "InternalError", "We encountered an internal error. Please try again.");
    }
    if strikes(Kind::Http503Html) {
        return Answer::bytes(503, "text/html", crate::server::amazon::UNAVAILABLE);
    }
    let answer = sent(document, encoded == "1", &strikes);
    amazon.damaged(answer, strikes)
}

fn sent(document: Document, encoded: bool, strikes: &dyn Fn(Kind) -> bool) -> Answer {
    let document = documents::damaged(document, strikes);
    let content_type = match document.charset.as_str() {
        "" => document.content_type,
        charset => format!("{}; charset={charset}", document.content_type),
    };
    if !document.gzip {
        return Answer::bytes(200, content_type, document.bytes);
    }
    let mut packed = gzip(&document.bytes);
    if strikes(Kind::CorruptGzip) {
        documents::corrupt(&mut packed);
    }
    let answer = Answer::bytes(200, content_type, Bytes::from(packed));
    if encoded { answer.with("content-encoding", "gzip") } else { answer }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory doesn't fail.
    let _ = encoder.write_all(plain);
    encoder.finish().unwrap_or_default()
}

fn refuse(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Answer::bytes(status, "application/xml", body)
}
