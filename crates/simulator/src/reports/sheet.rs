//! Flat files: tab-separated, nothing quoted, in the charset of their region.

use std::collections::BTreeMap;

use super::{Document, Report};
use crate::world::Region;

/// A flat file in the making.
pub(super) struct Sheet {
    columns: BTreeMap<&'static str, usize>,
    cells: Vec<String>,
    text: String,
    rows: usize,
}

impl Sheet {
    /// A file with a header; columns are then named by it.
    pub(super) fn new(header: &[&'static str]) -> Self {
        let columns = header.iter().enumerate().map(|(place, name)| (*name, place)).collect();
        let mut text = header.join("\t");
        text.push_str("\r\n");
        Self { columns, cells: vec![String::new(); header.len()], text, rows: 0 }
    }

    /// Replaces the header that is printed, where a file is localised; rows still go by the original names.
    pub(super) fn titled(mut self, header: &str) -> Self {
        self.text = format!("{header}\r\n");
        self
    }

    /// Fills a cell of the row in the making. Tabs and line breaks become spaces: nothing escapes them.
    pub(super) fn set(&mut self, column: &str, value: impl Into<String>) {
        let value: String = value.into();
        let place = self.columns.get(column).copied();
        debug_assert!(place.is_some(), "no column {column:?}");
        if let Some(place) = place {
            self.cells[place] =
                if value.contains(['\t', '\r', '\n']) { value.replace(['\t', '\r', '\n'], " ") } else { value };
        }
    }

    /// Ends the row; what wasn't filled is blank.
    pub(super) fn end(&mut self) {
        for (place, cell) in self.cells.iter_mut().enumerate() {
            if place > 0 {
                self.text.push('\t');
            }
            self.text.push_str(cell);
            cell.clear();
        }
        self.text.push_str("\r\n");
        self.rows += 1;
    }

    /// The finished report; without rows there is no data.
    pub(super) fn finish(self, region: Region) -> Report {
        if self.rows == 0 {
            return Report::NoData;
        }
        Report::Document(self.document(region))
    }

    /// The finished document, rows or not.
    pub(super) fn document(self, region: Region) -> Document {
        let (encoding, charset) = match region {
            Region::NorthAmerica => (encoding_rs::UTF_8, "UTF-8"),
            Region::Europe => (encoding_rs::WINDOWS_1252, "Cp1252"),
            Region::FarEast => (encoding_rs::SHIFT_JIS, "Windows-31J"),
        };
        let (bytes, ..) = encoding.encode(&self.text);
        Document { bytes: bytes.into_owned(), charset, content_type: "text/plain" }
    }
}
