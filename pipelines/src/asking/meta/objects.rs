//! `meta.objects`: the catalogue.

use sellerlake_contracts::ObjectState;

use super::declared::{TableOf, at_once, count, text};

pub(super) static TABLE: TableOf<ObjectState> = TableOf {
    name: "objects",
    doc: "The lake's objects as this statement reads them, those that came out without rows included.",
    columns: &[
        text("path", "Where it lies in the lake.", |object| Some(object.partition.path())),
        text("area", "sources, tables or rollups.", |object| Some(object.partition.area.to_string())),
        text("name", "The dataset.", |object| Some(object.partition.name.clone())),
        text("seller_id", "Whose it is.", |object| Some(object.partition.seller.to_string())),
        text("month", "The month, where the dataset has one object a month.", |object| {
            object.partition.month.map(|month| month.to_string())
        }),
        text("etag", "Which version it is; NULL where there is nothing.", |object| object.etag.clone()),
        count("size_bytes", "Its length.", |object| Some(object.size_bytes)),
        count("rows", "Its rows.", |object| Some(object.visible_rows)),
        count("marker_rows", "Rows beside these that say of a unit that it is empty.", |object| {
            Some(object.rows.saturating_sub(object.visible_rows))
        }),
        text("row_hash", "Hash of its rows, but for the columns the lake adds.", |object| filled(&object.row_hash)),
        text("input_hash", "Hash of everything it was made from.", |object| filled(&object.input_hash)),
        count("schema_version", "Version of the dataset's columns.", |object| Some(u64::from(object.schema_version))),
        count("generation", "How many versions of it have been written.", |object| {
            Some(object.generation).filter(|generation| *generation > 0)
        }),
    ],
    read: |sight, seller| {
        at_once(async move {
            let objects = sight.objects().await?;
            Ok(objects.of(seller.as_ref()).cloned().collect())
        })
    },
};

fn filled(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}
