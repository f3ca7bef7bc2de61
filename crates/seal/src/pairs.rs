//! Key-value metadata of a footer.

use parquet::file::metadata::ParquetMetaData;

/// What a footer says under a key.
pub fn pair<'a>(metadata: &'a ParquetMetaData, key: &str) -> Option<&'a str> {
    let mut pairs = metadata.file_metadata().key_value_metadata()?.iter();
    pairs.find(|pair| pair.key == key).and_then(|pair| pair.value.as_deref())
}
