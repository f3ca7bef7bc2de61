//! A hash of what a set of rows says, whatever their order, encoding and file.
//!
//! It decides what is stale: two builds of a partition with equal hashes are the same to everything downstream.
//!
//! Version 2, fixed by a golden test, because it stands in footers and in the catalogue:
//! - A value's hash is 128 bits, keyed by its column's name and kind: `text` is hashed by XXH3 over its UTF-8 bytes;
//!   numbers, instants, days and booleans are mixed as the integer they are stored as. A decimal's scale is part of
//!   its kind, since 1.0 and 0.10 are both stored as 10.
//! - NULL adds nothing, so a column that is all NULL is as good as absent: adding a column changes no hash.
//! - A row's hash is the wrapping sum of its values' hashes, so the order of columns doesn't matter, mixed once
//!   more, so that swapping values between rows does.
//! - The hash of the set is the wrapping sum of its rows' hashes, so the order of rows doesn't matter and twins
//!   count twice, mixed with their number.
//! - Columns whose names start with `_` are the engine's and are left out, so that the same rows delivered again hash
//!   alike, but for `_unit` and `_extra`, which follow from the rows and decide which of them stand and what they say.
//!   Version 1 left these out too.
//! - Rows with `_marker` are hidden and are left out.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{
    ArrowDictionaryKeyType, ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Field, Int32Type, Int64Type,
    TimeUnit, TimestampMicrosecondType,
};
use sellerlake_contracts::{Error, Kind, Result};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed, xxh3_128_with_seed};

/// The column that hides a row from stages.
const MARKER: &str = "_marker";

/// The engine's columns that follow from the rows.
const FOLLOWING: [&str; 2] = ["_unit", "_extra"];

/// Odd constants without structure (the fractional bits of the golden ratio and of square roots of primes).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
const ROOT_2: u64 = 0x6A09_E667_F3BC_C909;
const ROOT_3: u64 = 0xBB67_AE85_84CA_A73B;

/// Two independent 64-bit sums per row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lane {
    a: u64,
    b: u64,
}

impl Lane {
    fn add(&mut self, other: Self) {
        self.a = self.a.wrapping_add(other.a);
        self.b = self.b.wrapping_add(other.b);
    }

    fn finished(self) -> Self {
        Self {
            a: mix(self.a ^ self.b.rotate_left(31) ^ ROOT_2),
            b: mix(self.b.wrapping_add(self.a.wrapping_mul(GOLDEN)) ^ ROOT_3),
        }
    }
}

/// Murmur3's finaliser: every bit of the input moves every bit of the output.
fn mix(mut bits: u64) -> u64 {
    bits ^= bits >> 33;
    bits = bits.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    bits ^= bits >> 33;
    bits = bits.wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    bits ^ (bits >> 33)
}

/// Adds up rows, batch by batch.
#[derive(Debug, Clone, Default)]
pub struct RowHash {
    sum: Lane,
    rows: u64,
    visible_rows: u64,
    first_version: bool,
}

impl RowHash {
    /// The hash that an object of an earlier version was written with.
    pub fn first_version() -> Self {
        Self { first_version: true, ..Self::default() }
    }

    /// Adds the rows of a batch. Columns of types the lake doesn't store are a [`Kind::Internal`] error.
    pub fn update(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut lanes = vec![Lane::default(); batch.num_rows()];
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            if !(self.first_version && field.name().starts_with('_')) {
                add_column(field, column, &mut lanes)?;
            }
        }
        self.add_rows(batch, &lanes);
        Ok(())
    }

    /// Adds rows whose columns were hashed one by one, perhaps by several threads.
    pub(crate) fn add_rows(&mut self, batch: &RecordBatch, lanes: &[Lane]) {
        let marker = batch.column_by_name(MARKER).and_then(|column| column.as_boolean_opt());
        self.rows += lanes.len() as u64;
        match marker.filter(|marker| marker.true_count() > 0) {
            None => {
                self.visible_rows += lanes.len() as u64;
                for lane in lanes {
                    self.sum.add(lane.finished());
                }
            }
            Some(marker) => {
                for (_, lane) in lanes.iter().enumerate().filter(|(row, _)| !is_true(marker, *row)) {
                    self.visible_rows += 1;
                    self.sum.add(lane.finished());
                }
            }
        }
    }

    /// Rows so far, markers included.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows so far, without markers.
    pub fn visible_rows(&self) -> u64 {
        self.visible_rows
    }

    /// The hash so far, as 32 hex digits.
    pub fn finish(&self) -> String {
        let total = Lane {
            a: self.sum.a ^ self.visible_rows.wrapping_mul(ROOT_3),
            b: self.sum.b.wrapping_add(self.visible_rows),
        };
        let Lane { a, b } = total.finished();
        format!("{a:016x}{b:016x}")
    }
}

fn is_true(marker: &BooleanArray, row: usize) -> bool {
    marker.is_valid(row) && marker.value(row)
}

/// The sum of two rows of lanes, for columns hashed apart.
pub(crate) fn merge(into: &mut [Lane], from: &[Lane]) {
    into.iter_mut().zip(from).for_each(|(into, from)| into.add(*from));
}

/// Seeds of one column.
struct Key {
    a: u64,
    b: u64,
}

impl Key {
    fn new(name: &str, kind: &str) -> Self {
        let text = format!("{name}\u{1f}{kind}");
        Self { a: xxh3_64(text.as_bytes()), b: xxh3_64_with_seed(text.as_bytes(), ROOT_3) }
    }

    fn text(&self, value: &str) -> Lane {
        let hash = xxh3_128_with_seed(value.as_bytes(), self.a);
        Lane { a: hash as u64, b: ((hash >> 64) as u64) ^ self.b }
    }

    fn number(&self, value: i64) -> Lane {
        Lane { a: mix(value as u64 ^ self.a), b: mix((value as u64).rotate_left(32).wrapping_add(self.b)) }
    }

    fn wide(&self, value: i128) -> Lane {
        let (low, high) = (value as u64, (value >> 64) as u64);
        // High words are 0 or -1 for nearly every amount, so this costs little more than `number`.
        let high = high.wrapping_mul(GOLDEN).rotate_left(29);
        Lane { a: mix(low ^ high ^ self.a), b: mix(low.rotate_left(32).wrapping_add(high).wrapping_add(self.b)) }
    }
}

/// Adds one column's values to the lanes of their rows.
pub(crate) fn add_column(field: &Field, column: &ArrayRef, lanes: &mut [Lane]) -> Result<()> {
    let name = field.name();
    let is_left_out = name.starts_with('_') && !FOLLOWING.contains(&name.as_str());
    if is_left_out || column.null_count() == column.len() {
        return Ok(());
    }
    match column.data_type() {
        DataType::Utf8 => texts(&Key::new(name, "text"), column.as_string::<i32>().iter(), lanes),
        DataType::LargeUtf8 => texts(&Key::new(name, "text"), column.as_string::<i64>().iter(), lanes),
        DataType::Utf8View => texts(&Key::new(name, "text"), column.as_string_view().iter(), lanes),
        DataType::Dictionary(key, _) if **key == DataType::Int32 => {
            return dictionary::<Int32Type>(field, column, lanes);
        }
        DataType::Int64 => numbers::<Int64Type>(column, lanes, &Key::new(name, "int")),
        DataType::Int32 => numbers::<Int32Type>(column, lanes, &Key::new(name, "int")),
        DataType::Date32 => numbers::<Date32Type>(column, lanes, &Key::new(name, "date")),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            numbers::<TimestampMicrosecondType>(column, lanes, &Key::new(name, "timestamp"));
        }
        DataType::Decimal128(_, scale) => {
            let key = Key::new(name, &format!("decimal.{scale}"));
            primitives::<Decimal128Type>(column.as_primitive(), lanes, |value| key.wide(value));
        }
        DataType::Boolean => booleans(&Key::new(name, "bool"), column.as_boolean(), lanes),
        DataType::Null => {}
        other => {
            return Err(Error::permanent(Kind::Internal, "the lake stores no columns of this type")
                .at("row_hash.update")
                .with("column", name)
                .with("type", other));
        }
    }
    Ok(())
}

fn numbers<T: ArrowPrimitiveType>(column: &ArrayRef, lanes: &mut [Lane], key: &Key)
where
    T::Native: Into<i64>,
{
    primitives::<T>(column.as_primitive(), lanes, |value| key.number(value.into()));
}

fn primitives<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, lanes: &mut [Lane], hash: impl Fn(T::Native) -> Lane) {
    if array.null_count() == 0 {
        lanes.iter_mut().zip(array.values()).for_each(|(lane, value)| lane.add(hash(*value)));
    } else {
        let valued = lanes.iter_mut().zip(array.iter());
        valued.for_each(|(lane, value)| value.into_iter().for_each(|value| lane.add(hash(value))));
    }
}

fn texts<'a>(key: &Key, values: impl Iterator<Item = Option<&'a str>>, lanes: &mut [Lane]) {
    // Sorted and low-cardinality columns repeat themselves: comparing with the last value is cheaper than hashing.
    let (mut last, mut hash) = ("", key.text(""));
    for (lane, value) in lanes.iter_mut().zip(values) {
        let Some(value) = value else { continue };
        if value != last {
            (last, hash) = (value, key.text(value));
        }
        lane.add(hash);
    }
}

fn booleans(key: &Key, array: &BooleanArray, lanes: &mut [Lane]) {
    let hashes = [key.number(0), key.number(1)];
    let valued = lanes.iter_mut().zip(array.iter());
    valued.for_each(|(lane, value)| value.into_iter().for_each(|value| lane.add(hashes[usize::from(value)])));
}

/// Hashes each dictionary entry once, then looks it up per row; the result is that of the plain column.
fn dictionary<K: ArrowDictionaryKeyType>(field: &Field, column: &ArrayRef, lanes: &mut [Lane]) -> Result<()> {
    let array = column.as_dictionary::<K>();
    let values = array.values();
    let mut hashes = vec![Lane::default(); values.len()];
    let plain = Field::new(field.name(), values.data_type().clone(), true);
    add_column(&plain, values, &mut hashes)?;
    for (lane, key) in lanes.iter_mut().zip(array.keys_iter()) {
        // An entry that is NULL has the hash of nothing.
        if let Some(hash) = key.and_then(|key| hashes.get(key)) {
            lane.add(*hash);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_a_hash_of_its_own() {
        assert_eq!(RowHash::default().finish().len(), 32);
    }
}
