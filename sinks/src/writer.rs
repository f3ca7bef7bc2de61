//! Writing one partition's file, in bounded memory.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use sellerlake_contracts::{Error, Kind, ObjectState, Partition, Result};
use sellerlake_seal::Sealing;

use crate::failure;
use crate::row_hash::{self, Lane, RowHash};
use crate::spool::Spool;

/// Keys of what the footer says about the rows.
pub(crate) mod key {
    pub(crate) const ROWS: &str = "sellerlake.rows";
    pub(crate) const VISIBLE_ROWS: &str = "sellerlake.visible_rows";
    pub(crate) const ROW_HASH: &str = "sellerlake.row_hash";
    pub(crate) const SCHEMA_VERSION: &str = "sellerlake.schema_version";
    pub(crate) const WRITER: &str = "sellerlake.writer";
}

/// The fastest level: every merge rewrites these files, and they are read far more often than they are moved.
const ZSTD_LEVEL: i32 = 1;

/// Rows of a row group: enough to compress well, few enough for readers to skip and to share out.
const ROW_GROUP_ROWS: usize = 128 << 10;

/// A row group of wide rows ends early, so that what is encoded but not yet written stays below this.
const ROW_GROUP_BYTES: usize = 64 << 20;

const OPERATION: &str = "partition.write";

/// How a partition's file is laid out.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// The columns the rows are sorted by, ascending. The first one gets a page index, the only one that readers
    /// can use: pages of the other columns hold all values.
    pub sorted_by: Vec<String>,
    /// Whether NULLs come first in that order.
    pub nulls_first: bool,
    /// A row group ends before what is encoded but not yet written takes more; 0 and more than 64 MiB mean 64 MiB.
    pub group_bytes: usize,
    /// Threads to encode columns with; 0 and 1 mean the caller's own.
    pub threads: usize,
    /// One more than that of the version this one is to replace.
    pub generation: u64,
}

/// A partition's new file, complete but not yet published.
#[derive(Debug)]
pub struct BuiltPartition {
    /// The file.
    pub spool: Spool,
    /// Which partition it is.
    pub partition: Partition,
    /// Rows, markers included.
    pub rows: u64,
    /// Rows that stages see.
    pub visible_rows: u64,
    /// [`RowHash`] of the visible rows.
    pub row_hash: String,
    /// Length in bytes.
    pub size_bytes: u64,
    /// Version of the dataset's declaration.
    pub schema_version: u32,
    /// As [`ObjectState::generation`].
    pub generation: u64,
}

impl BuiltPartition {
    /// What the catalogue would know of it, but for the tag it gets when it is published.
    pub fn state(&self) -> ObjectState {
        ObjectState {
            partition: self.partition.clone(),
            etag: None,
            size_bytes: self.size_bytes,
            rows: self.rows,
            visible_rows: self.visible_rows,
            row_hash: self.row_hash.clone(),
            input_hash: String::new(),
            schema_version: self.schema_version,
            generation: self.generation,
        }
    }
}

/// Writes one partition into a spool. Blocks: for a thread of its own.
pub struct PartitionWriter {
    partition: Partition,
    schema: SchemaRef,
    schema_version: u32,
    generation: u64,
    threads: usize,
    group_bytes: usize,
    spool: Spool,
    /// Writes to a handle of its own: `finish` reports what the disk says, `into_inner` doesn't.
    file: SerializedFileWriter<Sealing>,
    factory: ArrowRowGroupWriterFactory,
    group: Vec<ArrowColumnWriter>,
    group_rows: usize,
    hash: RowHash,
}

impl std::fmt::Debug for PartitionWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartitionWriter").field("partition", &self.partition).finish_non_exhaustive()
    }
}

impl PartitionWriter {
    /// Starts a file of flat columns. `spool` comes from [`Lake::spool`](crate::Lake::spool) and is empty.
    pub fn new(
        spool: Spool,
        partition: Partition,
        schema: SchemaRef,
        schema_version: u32,
        options: &WriteOptions,
    ) -> Result<Self> {
        let properties = properties(&schema, options)?;
        // What an input's footer said isn't true of this file.
        let schema = Arc::new(Schema::new(Arc::unwrap_or_clone(schema).fields));
        let started = ArrowWriter::try_new(Sealing::new(spool.handle()?), SchemaRef::clone(&schema), Some(properties))
            .and_then(ArrowWriter::into_serialized_writer);
        let (file, factory) = started.map_err(|error| failure::parquet(OPERATION, &partition, error))?;
        let threads = options.threads.max(1);
        let group_bytes = Some(options.group_bytes)
            .filter(|bytes| *bytes > 0)
            .map_or(ROW_GROUP_BYTES, |bytes| bytes.min(ROW_GROUP_BYTES));
        Ok(Self {
            partition,
            schema,
            schema_version,
            generation: options.generation,
            threads,
            group_bytes,
            spool,
            file,
            factory,
            group: Vec::new(),
            group_rows: 0,
            hash: RowHash::default(),
        })
    }

    /// Appends rows; the batch must have the schema's columns in its order.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut offset = 0;
        while offset < batch.num_rows() {
            let length = (ROW_GROUP_ROWS - self.group_rows).min(batch.num_rows() - offset);
            self.write_slice(&batch.slice(offset, length))?;
            offset += length;
        }
        Ok(())
    }

    fn write_slice(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_columns() != self.schema.fields().len() {
            return Err(Error::permanent(Kind::Internal, "a batch has other columns than its partition")
                .at(OPERATION)
                .with("path", &self.partition));
        }
        if self.group.is_empty() {
            let group = self.factory.create_column_writers(self.file.flushed_row_groups().len());
            self.group = group.map_err(|error| failure::parquet(OPERATION, &self.partition, error))?;
        }
        let lanes = encode(&self.schema, batch, &mut self.group, self.threads)
            .map_err(|error| error.at(OPERATION).with("path", &self.partition))?;
        self.hash.add_rows(batch, &lanes);
        self.group_rows += batch.num_rows();
        if self.group_rows >= ROW_GROUP_ROWS || self.held_bytes() >= self.group_bytes {
            self.end_group()?;
        }
        Ok(())
    }

    /// What is encoded but not yet written, in bytes.
    pub fn held_bytes(&self) -> usize {
        self.group.iter().map(ArrowColumnWriter::memory_size).sum()
    }

    fn end_group(&mut self) -> Result<()> {
        let columns = std::mem::take(&mut self.group);
        if columns.is_empty() {
            return Ok(());
        }
        self.group_rows = 0;
        let written = || {
            let mut group = self.file.next_row_group()?;
            for column in columns {
                column.close()?.append_to_row_group(&mut group)?;
            }
            group.close().map(drop)
        };
        written().map_err(|error| failure::parquet(OPERATION, &self.partition, error))
    }

    /// The file, complete with its footer.
    pub fn finish(mut self) -> Result<BuiltPartition> {
        self.end_group()?;
        let row_hash = self.hash.finish();
        let (rows, visible_rows) = (self.hash.rows(), self.hash.visible_rows());
        let pairs = vec![
            (key::ROWS, rows.to_string()),
            (key::VISIBLE_ROWS, visible_rows.to_string()),
            (key::ROW_HASH, row_hash.clone()),
            (key::SCHEMA_VERSION, self.schema_version.to_string()),
            (key::WRITER, env!("CARGO_PKG_VERSION").to_owned()),
            (sellerlake_seal::key::GENERATION, self.generation.to_string()),
        ];
        let Self { partition, schema_version, generation, spool, file, .. } = self;
        sellerlake_seal::finish(file, &partition.path(), pairs)
            .map_err(|error| failure::parquet(OPERATION, &partition, error))?;
        let size_bytes = spool.size_bytes()?;
        Ok(BuiltPartition { spool, partition, rows, visible_rows, row_hash, size_bytes, schema_version, generation })
    }
}

fn properties(schema: &SchemaRef, options: &WriteOptions) -> Result<WriterProperties> {
    let sorting = options.sorted_by.iter().map(|name| {
        let index = schema.index_of(name).map_err(|error| {
            Error::permanent(Kind::Internal, "rows can't be sorted by a column they don't have")
                .at(OPERATION)
                .with("column", name)
                .source(error)
        })?;
        Ok(SortingColumn { column_idx: index as i32, descending: false, nulls_first: options.nulls_first })
    });
    let sorting = sorting.collect::<Result<Vec<_>>>()?;
    let level = ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default();
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(concat!("sellerlake ", env!("CARGO_PKG_VERSION")).to_owned());
    for field in schema.fields().iter().filter(|field| is_nearly_unique(field, options)) {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(field.name().as_str()), false);
    }
    if let Some(first) = options.sorted_by.first() {
        let first = ColumnPath::from(first.as_str());
        builder = builder.set_column_statistics_enabled(first, EnabledStatistics::Page);
    }
    let sorting = Some(sorting).filter(|sorting| !sorting.is_empty());
    Ok(builder.set_sorting_columns(sorting).build())
}

/// Whether a dictionary would have as many entries as there are rows: building it costs more than all else.
fn is_nearly_unique(field: &Field, options: &WriteOptions) -> bool {
    let name = field.name();
    let is_stamp = matches!(name.as_str(), "_as_of" | "_fetched_at");
    let is_moment = matches!(field.data_type(), DataType::Timestamp(..)) && !is_stamp;
    is_moment || name == "_line" || options.sorted_by == [name.as_str()]
}

/// Encodes a batch into its columns' writers and hashes its rows, sharing the columns out among threads.
fn encode(
    schema: &SchemaRef,
    batch: &RecordBatch,
    writers: &mut [ArrowColumnWriter],
    threads: usize,
) -> Result<Vec<Lane>> {
    let mut columns: Vec<_> = schema.fields().iter().zip(batch.columns()).zip(writers).collect();
    // The largest first, so that no thread is left with one at the end.
    columns.sort_by_cached_key(|((_, column), _)| column.get_buffer_memory_size());
    let queue = Mutex::new(columns);
    let work = || {
        let mut lanes = vec![Lane::default(); batch.num_rows()];
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(((field, column), writer)) = next else { return Ok(lanes) };
            encode_column(field, column, writer, &mut lanes)?;
        }
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut lanes = work()?;
        for other in others {
            let theirs =
                other.join().map_err(|_| Error::permanent(Kind::Internal, "an encoding thread panicked"))??;
            row_hash::merge(&mut lanes, &theirs);
        }
        Ok(lanes)
    })
}

fn encode_column(
    field: &FieldRef,
    column: &ArrayRef,
    writer: &mut ArrowColumnWriter,
    lanes: &mut [Lane],
) -> Result<()> {
    let leaves = compute_leaves(field, column).and_then(|leaves| leaves.iter().try_for_each(|leaf| writer.write(leaf)));
    leaves.map_err(|error| failure::parquet(OPERATION, field.name(), error))?;
    row_hash::add_column(field, column, lanes)
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;

    use super::*;

    #[test]
    fn a_full_disk_is_a_storage_error_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::on_full_disk(folder.path());
        let partition = Partition::parse("tables/orders/seller_id=A1/data.parquet").unwrap();
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10));
        let rows = RecordBatch::try_from_iter([("n", column)]).unwrap();
        let written = PartitionWriter::new(spool, partition, rows.schema(), 1, &WriteOptions::default())
            .and_then(|mut writer| writer.write(&rows).and_then(|()| writer.finish()));
        let error = written.unwrap_err();
        assert_eq!(error.kind(), Kind::Storage, "{error:?}");
        assert!(error.remedy().unwrap().contains("disk is full"), "{error:?}");
        assert!(error.to_string().contains("tables/orders"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn received_bytes_meet_a_full_disk_too() {
        let folder = tempfile::tempdir().unwrap();
        let error = Spool::on_full_disk(folder.path()).receive(&mut &b"bytes"[..]).unwrap_err();
        assert_eq!(error.kind(), Kind::Storage);
        assert!(error.remedy().unwrap().contains("disk is full"), "{error:?}");
    }
}
