//! Damage to documents. Each kind applies where it makes sense and is otherwise not counted.

use encoding_rs::Encoding;
use serde_json::Value;

use super::Kind;
use crate::spapi::Document;

/// Titles stand in these columns.
const TITLES: [&str; 6] = ["product-name", "item-name", "title", "product_name", "Product Name", "Title"];
/// Counts that grow while conversions come in; impressions stand for those that are there from the first.
const METRICS: [&str; 5] = ["impressions", "purchases7d", "purchases14d", "purchases", "unitsSoldClicks7d"];
const JSON: &str = "application/json";

/// English and translated names of columns.
type Names = &'static [(&'static str, &'static str)];

/// Headers in other languages, seen in the field: part of the report type, names.
const TRANSLATIONS: [(&str, Names); 3] = [
    (
        "ALL_ORDERS_DATA",
        &[
            ("amazon-order-id", "identificador-del-pedido-de-amazon"),
            ("merchant-order-id", "identificador-del-pedido-del-comerciante"),
            ("purchase-date", "fecha-de-la-compra"),
            ("last-updated-date", "fecha-de-la-ultima-actualizacion"),
            ("order-status", "estado-del-pedido"),
            ("sales-channel", "canal-de-venta"),
            ("product-name", "nombre-del-producto"),
            ("quantity", "cantidad"),
            ("currency", "divisa"),
            ("item-price", "precio-del-articulo"),
            ("item-tax", "impuesto-del-articulo"),
        ],
    ),
    (
        "MERCHANT_LISTINGS",
        &[
            ("item-name", "商品名"),
            ("listing-id", "出品ID"),
            ("seller-sku", "出品者SKU"),
            ("price", "価格"),
            ("quantity", "数量"),
            ("open-date", "出品日"),
            ("product-id", "商品ID"),
            ("status", "ステータス"),
        ],
    ),
    ("LEDGER_DETAIL", &[("Title", "Título"), ("Fulfillment Center", "Centro logístico"), ("Country", "País")]),
];

/// The document after whatever strikes it.
pub fn damaged(mut document: Document, strikes: &dyn Fn(Kind) -> bool) -> Document {
    if document.report_type.ends_with("error") {
        return document;
    }
    if document.content_type == JSON {
        if let Some(rows) = ads_rows(&document) {
            document.bytes = damaged_rows(rows, document.may_lack, strikes);
        }
        return document;
    }
    let Some(encoding) = encoding(&document) else { return document };
    let mut lines = Lines::of(&encoding.decode_without_bom_handling(&document.bytes).0);
    let mut touched = false;
    if lines.rows.len() > 1 && document.may_lack && strikes(Kind::LateRow) {
        lines.rows.pop();
        touched = true;
    }
    if let Some(title) = lines.column(&TITLES).filter(|_| !lines.rows.is_empty()).filter(|_| strikes(Kind::LoneQuote)) {
        let middle = lines.rows.len() / 2;
        if let Some(cell) = lines.rows[middle].get_mut(title) {
            cell.insert(0, '"');
        }
        touched = true;
    }
    if !lines.header.is_empty() && strikes(Kind::ExtraColumn) {
        lines.header.push("added-without-notice".to_owned());
        lines.rows.iter_mut().for_each(|row| row.push("1".to_owned()));
        touched = true;
    }
    if let Some(names) = translation(&document, encoding).filter(|_| strikes(Kind::LocalisedHeader)) {
        for name in &mut lines.header {
            if let Some((_, translated)) = names.iter().find(|(known, _)| known == name) {
                (*translated).clone_into(name);
            }
        }
        touched = true;
    }
    if touched {
        document.bytes = encoding.encode(&lines.text()).0.into_owned();
    }
    if !document.bytes.is_ascii() && strikes(Kind::WrongCharsetLabel) {
        // Whoever decodes strictly notices: these bytes are not UTF-8, those are.
        document.charset = if encoding == encoding_rs::UTF_8 { "ISO-8859-1" } else { "UTF-8" }.to_owned();
    }
    document
}

/// Damages a gzip stream in its middle, behind the header.
pub fn corrupt(packed: &mut [u8]) {
    let middle = packed.len() / 2;
    for byte in packed.iter_mut().skip(middle.max(10)).take(8) {
        *byte ^= 0x5a;
    }
}

fn encoding(document: &Document) -> Option<&'static Encoding> {
    match document.charset.to_ascii_lowercase().as_str() {
        // Amazon's labels that browsers don't know.
        "ms932" | "cp932" => Some(encoding_rs::SHIFT_JIS),
        "utf8" => Some(encoding_rs::UTF_8),
        "" if std::str::from_utf8(&document.bytes).is_ok() => Some(encoding_rs::UTF_8),
        "" | "cp1252" => Some(encoding_rs::WINDOWS_1252),
        label => Encoding::for_label(label.as_bytes()),
    }
}

/// The translation known for a report, if its charset can hold it.
fn translation(document: &Document, encoding: &'static Encoding) -> Option<Names> {
    let (_, names) = TRANSLATIONS.iter().find(|(part, _)| document.report_type.contains(part))?;
    let fits = names.iter().all(|(_, name)| !encoding.encode(name).2);
    fits.then_some(*names)
}

/// A flat file's lines as cells.
struct Lines {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    ending: &'static str,
    ends: bool,
}

impl Lines {
    fn of(text: &str) -> Self {
        let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let ends = text.ends_with(ending);
        let body = text.strip_suffix(ending).unwrap_or(text);
        let mut lines = body.split(ending).map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
        let header = lines.next().unwrap_or_default();
        Self { header, rows: lines.collect(), ending, ends }
    }

    fn column(&self, names: &[&str]) -> Option<usize> {
        self.header.iter().position(|name| names.contains(&name.as_str()))
    }

    fn text(&self) -> String {
        let lines = std::iter::once(&self.header).chain(&self.rows).map(|cells| cells.join("\t"));
        let text = lines.collect::<Vec<_>>().join(self.ending);
        if self.ends { text + self.ending } else { text }
    }
}

type Row = serde_json::Map<String, Value>;

fn ads_rows(document: &Document) -> Option<Vec<Row>> {
    if !document.report_type.starts_with("ads ") {
        return None;
    }
    serde_json::from_slice(&document.bytes).ok()
}

/// Only what is newest comes late or is restated: older days are not asked for again.
fn damaged_rows(mut rows: Vec<Row>, may_lack: bool, strikes: &dyn Fn(Kind) -> bool) -> Vec<u8> {
    let day = |row: &Row| row.get("date").and_then(Value::as_str).unwrap_or_default().to_owned();
    let newest = (0..rows.len()).max_by_key(|place| day(&rows[*place])).filter(|_| may_lack);
    if let Some(newest) = newest {
        if strikes(Kind::RestatedRow) {
            for name in METRICS {
                if let Some(metric) = rows[newest].get_mut(name) {
                    *metric = Value::from(metric.as_i64().unwrap_or_default() / 2);
                }
            }
        }
        if rows.len() > 1 && strikes(Kind::LateRow) {
            rows.remove(newest);
        }
    }
    if !rows.is_empty() && strikes(Kind::ExtraColumn) {
        rows.iter_mut().for_each(|row| {
            row.insert("addedWithoutNotice".to_owned(), Value::from(1));
        });
    }
    serde_json::to_vec(&rows).unwrap_or_default()
}
