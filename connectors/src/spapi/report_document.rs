//! The document of a report: address, download, what kind of bytes.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AmazonAnswer, Secret};
use serde_json::json;

use super::report_operations::{CREATE_RESTRICTED_DATA_TOKEN, GET_REPORT_DOCUMENT};
use crate::ask::Ask;
use crate::call::Caller;
use crate::document::{Document, Mint, fetch};
use crate::failure::{CallFault, Stop};
use crate::scratch::Scratch;

/// Types whose documents hold buyers' data and open only to a restricted data token (amazon.md: Restricted data).
const RESTRICTED: [&str; 10] = [
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING",
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX",
    "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING",
    "GET_FLAT_FILE_ORDER_REPORT_DATA_",
    "GET_FLAT_FILE_ORDERS_RECONCILIATION_DATA_",
    "GET_ORDER_REPORT_DATA_",
    "GET_EASYSHIP_DOCUMENTS",
    "GET_GST_MTR_B2B_CUSTOM",
    "GET_VAT_TRANSACTION_DATA",
    "SC_VAT_TAX_REPORT",
];

/// The document with this id, of a report of this type.
pub(crate) async fn document(
    caller: &Caller,
    scratch: &Scratch,
    report_type: &str,
    document_id: &str,
) -> Result<Document, Stop> {
    let mut ask = Ask::of(&GET_REPORT_DOCUMENT).name(document_id);
    if RESTRICTED.iter().any(|restricted| report_type.starts_with(restricted)) {
        let token = restricted_token(caller, ask.path()).await?;
        ask = ask.bearer(token);
    }
    fetch(caller, scratch, Mint { ask: &ask, pointer: "/url", always_gzip: false }).await
}

/// The document as an answer.
pub(crate) fn answer(document: Document, report_type: &str, as_of: DateTime<Utc>, origin: &str) -> AmazonAnswer {
    let extension = extension(&document.content_type, report_type, document.is_gzip);
    let charset = document.charset();
    AmazonAnswer { pages: document.spool.into_pages(), extension, charset, as_of, origin: Some(origin.to_owned()) }
}

async fn restricted_token(caller: &Caller, path: &str) -> Result<Secret, Stop> {
    let body = json!({ "restrictedResources": [{ "method": "GET", "path": path }] });
    let reply = caller.call(&Ask::of(&CREATE_RESTRICTED_DATA_TOKEN).json(&body)).await?;
    let token = reply.text("/restrictedDataToken").ok_or_else(|| {
        let fault = CallFault::NotAnAnswer;
        Stop::failed(fault, "", fault.error("Amazon gave no restricted data token").at("amazon.call"))
    })?;
    Ok(Secret::new(token))
}

fn extension(content_type: &str, report_type: &str, is_gzip: bool) -> &'static str {
    let kind = content_type.split(';').next().unwrap_or_default().to_lowercase();
    let says = |word: &str| kind.contains(word) || report_type.contains(&word.to_uppercase());
    match (says("json") || is_json(report_type), says("xml"), kind.contains("csv"), is_gzip) {
        (true, _, _, true) => "json.gz",
        (true, _, _, false) => "json",
        (_, true, _, true) => "xml.gz",
        (_, true, _, false) => "xml",
        (_, _, true, true) => "csv.gz",
        (_, _, true, false) => "csv",
        (_, _, _, true) => "txt.gz",
        _ => "txt",
    }
}

fn is_json(report_type: &str) -> bool {
    report_type == "GET_SALES_AND_TRAFFIC_REPORT" || report_type.starts_with("GET_BRAND_ANALYTICS_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_says_what_the_bytes_are() {
        assert_eq!(extension("text/plain; charset=Cp1252", "GET_LEDGER_DETAIL_VIEW_DATA", true), "txt.gz");
        assert_eq!(extension("application/octet-stream", "GET_SALES_AND_TRAFFIC_REPORT", true), "json.gz");
        assert_eq!(extension("text/xml", "GET_ORDER_REPORT_DATA_SHIPPING", false), "xml");
    }
}
