//! Properties of the row hash: what must change it and what must not.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Int32Array, Int64Array, LargeStringArray, RecordBatch, StringArray,
    StringViewArray,
};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Int32Type};
use proptest::prelude::*;
use sellerlake_sinks::RowHash;

use crate::rows::{batch, sample};

fn hash(rows: &RecordBatch) -> String {
    let mut hash = RowHash::default();
    hash.update(rows).unwrap();
    hash.finish()
}

/// Footers and catalogues hold these: a change is a new version of the hash. Without `_unit` and `_extra` the second
/// version is the first.
#[test]
fn a_version_stays_what_it_was() {
    assert_eq!(hash(&sample(&[])), "c25abb1cbd5e0221a5d5c4fa2aa7018b");
    assert_eq!(hash(&sample(&["114-1", "114-2"])), "ae7703d6745933711998ab623aef6843");
}

/// A unit that changes lets an order stand twice; where rows came from changes nothing.
#[test]
fn what_follows_from_the_rows_is_covered_and_where_they_came_from_is_not() {
    let with = |name: &'static str, text: &str| {
        batch(vec![
            ("sku", Arc::new(StringArray::from(vec!["MUG"])) as ArrayRef),
            (name, Arc::new(StringArray::from(vec![text]))),
        ])
    };
    let first_version = |rows: &RecordBatch| {
        let mut hash = RowHash::first_version();
        hash.update(rows).unwrap();
        hash.finish()
    };
    for name in ["_unit", "_extra"] {
        assert_ne!(hash(&with(name, "111-1")), hash(&with(name, "111-2")));
        assert_eq!(first_version(&with(name, "111-1")), first_version(&with(name, "111-2")));
    }
    assert_eq!(hash(&with("_delivery_id", "a")), hash(&with("_delivery_id", "b")));
}

type Row = (Option<String>, Option<i64>, Option<i32>, Option<bool>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let text = proptest::option::of("[a-c]{0,3}");
    let number = proptest::option::of(-2..3i64);
    let row = (text, number, proptest::option::of(0..3i32), proptest::option::of(any::<bool>()));
    proptest::collection::vec(row, 0..20)
}

fn columns(rows: &[Row]) -> Vec<(&'static str, ArrayRef)> {
    let decimal = Decimal128Array::from_iter(rows.iter().map(|row| row.1.map(|value| i128::from(value) * 25)));
    vec![
        ("text", Arc::new(StringArray::from_iter(rows.iter().map(|row| row.0.as_deref())))),
        ("amount", Arc::new(decimal.with_precision_and_scale(18, 4).unwrap())),
        ("count", Arc::new(Int32Array::from_iter(rows.iter().map(|row| row.2)))),
        ("flag", Arc::new(BooleanArray::from_iter(rows.iter().map(|row| row.3)))),
    ]
}

fn sorted(rows: &[Row]) -> Vec<Row> {
    let mut rows = rows.to_vec();
    rows.sort();
    rows
}

proptest! {
    #[test]
    fn equal_hashes_mean_equal_rows_in_any_order(left in rows(), right in rows()) {
        let same = hash(&batch(columns(&left))) == hash(&batch(columns(&right)));
        prop_assert_eq!(same, sorted(&left) == sorted(&right));
    }

    #[test]
    fn order_of_rows_and_columns_batches_and_empty_columns_do_not_matter(
        rows in rows(),
        seed in any::<u32>(),
        cut in 0..20usize,
    ) {
        let whole = batch(columns(&rows));
        let expected = hash(&whole);
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_by_key(|row| row.wrapping_mul(2_654_435_761).wrapping_add(seed).rotate_left(seed % 32));
        let shuffled = take_record_batch(&whole, &arrow::array::UInt32Array::from(order)).unwrap();
        prop_assert_eq!(&hash(&shuffled), &expected);

        let mut reversed = columns(&rows);
        reversed.reverse();
        reversed.push(("later_added", Arc::new(StringArray::new_null(rows.len()))));
        reversed.push(("_line", Arc::new(Int64Array::from_iter_values(0..rows.len() as i64))));
        prop_assert_eq!(&hash(&batch(reversed)), &expected);

        let cut = cut.min(rows.len());
        let mut split = RowHash::default();
        split.update(&whole.slice(cut, rows.len() - cut)).unwrap();
        split.update(&whole.slice(0, cut)).unwrap();
        prop_assert_eq!(split.finish(), expected);
    }

    #[test]
    fn encodings_of_text_do_not_matter(rows in rows()) {
        let plain = StringArray::from_iter(rows.iter().map(|row| row.0.as_deref()));
        let expected = hash(&batch(vec![("text", Arc::new(plain.clone()))]));
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let others: [ArrayRef; 4] = [
            Arc::new(LargeStringArray::from_iter(plain.iter())),
            Arc::new(StringViewArray::from_iter(plain.iter())),
            cast(&plain, &dictionary).unwrap(),
            // Entries that are NULL, or that no row uses.
            Arc::new(arrow::array::DictionaryArray::<Int32Type>::new(
                Int32Array::from_iter((0..rows.len()).map(|row| Some(row as i32))),
                Arc::new(plain.iter().chain([Some("unused")]).collect::<StringArray>()),
            )),
        ];
        for other in others {
            prop_assert_eq!(hash(&batch(vec![("text", other)])), expected.clone());
        }
    }

    #[test]
    fn hidden_rows_do_not_matter(rows in rows(), hidden in rows()) {
        let marked = |rows: &[Row], marker: bool| {
            let mut columns = columns(rows);
            columns.push(("_marker", Arc::new(BooleanArray::from(vec![marker; rows.len()]))));
            batch(columns)
        };
        let visible = marked(&rows, false);
        let both = concat_batches(&visible.schema(), &[visible.clone(), marked(&hidden, true)]).unwrap();
        let mut counted = RowHash::default();
        counted.update(&both).unwrap();
        prop_assert_eq!(counted.finish(), hash(&batch(columns(&rows))));
        prop_assert_eq!(counted.visible_rows(), rows.len() as u64);
        prop_assert_eq!(counted.rows(), (rows.len() + hidden.len()) as u64);
    }
}

#[test]
fn what_rows_say_matters() {
    let text = |name: &'static str, values: &[Option<&str>]| -> (&'static str, ArrayRef) {
        (name, Arc::new(StringArray::from(values.to_vec())))
    };
    let decimal = |value: i128, scale: i8| -> (&'static str, ArrayRef) {
        ("n", Arc::new(Decimal128Array::from(vec![value]).with_precision_and_scale(18, scale).unwrap()))
    };
    let different = [
        vec![text("a", &[])],
        vec![text("a", &[None])],
        vec![text("a", &[None, None])],
        vec![text("a", &[Some("")])],
        vec![text("a", &[Some("x")])],
        vec![text("b", &[Some("x")])],
        vec![text("a", &[Some("x"), Some("x")])],
        vec![text("a", &[Some("x"), None])],
        vec![text("a", &[Some("x"), None]), text("b", &[None, Some("y")])],
        vec![text("a", &[Some("x"), None]), text("b", &[Some("y"), None])],
        vec![text("a", &[Some("x")]), text("b", &[Some("y")])],
        vec![text("a", &[Some("y")]), text("b", &[Some("x")])],
        vec![decimal(10, 1)],
        vec![decimal(10, 2)],
        vec![decimal(-10, 2)],
        vec![decimal(10 + (1 << 64), 2)],
        vec![("n", Arc::new(Int64Array::from(vec![10])) as ArrayRef)],
        vec![text("n", &[Some("10")])],
    ];
    let hashes: std::collections::HashSet<String> =
        different.iter().map(|columns| hash(&batch(columns.clone()))).collect();
    assert_eq!(hashes.len(), different.len());
    let narrow = batch(vec![("n", Arc::new(Int32Array::from(vec![10])) as ArrayRef)]);
    assert_eq!(hash(&narrow), hash(&batch(vec![("n", Arc::new(Int64Array::from(vec![10])) as ArrayRef)])));
}

#[test]
fn a_type_the_lake_does_not_store_is_refused() {
    let floats: ArrayRef = Arc::new(arrow::array::Float64Array::from(vec![1.0]));
    assert!(!floats.is_null(0));
    assert!(RowHash::default().update(&batch(vec![("f", floats)])).is_err());
}
