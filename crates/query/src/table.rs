//! A table over exactly the objects it was given.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, Statistics};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, col};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExecBuilder;
use object_store::ObjectMeta;
use object_store::path::Path;
use sellerlake_contracts::ObjectState;

use crate::partitions::Partitions;
use crate::reader::LakeReader;

/// The column of `sources/` that is true in rows that only say "this unit came out empty".
pub const MARKER: &str = "_marker";

/// Sorted objects that one scan keeps apart, so that they can be merged in order.
const MERGED_OBJECTS: usize = 8;

/// What a [`LakeTable`] shows of its objects.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "five independent switches")]
pub struct LakeTableOptions {
    /// Adds the column `seller_id` (text), from the path.
    pub expose_seller: bool,
    /// Adds the column `month` (text, `yyyy-mm`), from the path; NULL in objects without a month.
    pub expose_month: bool,
    /// Hides the columns whose names start with `_`.
    pub hide_underscore: bool,
    /// Hides rows whose `_marker` is true.
    pub hide_markers: bool,
    /// Shows the files' text as Utf8View, which costs less to read, filter, group and join. Answers of a session
    /// have Utf8 all the same.
    pub text_views: bool,
    /// The columns every object is sorted by: ascending, NULLs first. Leave empty where nobody uses the order:
    /// a scan that keeps an order does not split a large object between threads.
    pub output_ordering: Vec<String>,
}

/// A table over exactly these objects. Nothing is listed, and nothing else can be seen through it.
///
/// Columns are those of `schema` (an object that lacks one yields NULL), then `seller_id` and `month` where exposed.
/// Every column may be NULL, whatever `schema` says, but those of `output_ordering`.
/// Filters on `seller_id` and `month` choose objects before any is opened.
#[derive(Debug)]
pub struct LakeTable {
    reader: LakeReader,
    partitions: Partitions,
    /// Columns of the files, then those of the path.
    scanned: TableSchema,
    /// What the table shows: indices into the schema of `scanned`.
    shown: Vec<usize>,
    schema: SchemaRef,
    /// Index of `_marker` in `scanned`, where rows must be hidden.
    marker: Option<usize>,
    ordering: Option<LexOrdering>,
}

impl LakeTable {
    /// A table of these objects; those without rows are left out. `schema` is that of the newest version of the
    /// dataset, without `seller_id` and `month`.
    pub fn new(reader: LakeReader, schema: &Schema, objects: Vec<ObjectState>, options: &LakeTableOptions) -> Self {
        let partitions = Partitions::new(objects, options.expose_seller, options.expose_month);
        let hide_rows = options.hide_markers && partitions.have_markers();
        let shape =
            |field| if options.text_views { as_view(&relaxed(field, options)) } else { relaxed(field, options) };
        let mut fields: Vec<_> = schema.fields().iter().map(shape).collect();
        if hide_rows && schema.index_of(MARKER).is_err() {
            fields.push(Arc::new(Field::new(MARKER, DataType::Boolean, true)));
        }
        let files = Arc::new(Schema::new(fields));
        let scanned = TableSchema::builder(Arc::clone(&files)).with_table_partition_cols(partitions.fields()).build();
        let all = scanned.table_schema();
        let shown: Vec<usize> = all
            .fields()
            .iter()
            .enumerate()
            .filter(|(_, field)| !(options.hide_underscore && field.name().starts_with('_')))
            .filter(|(index, field)| *index >= files.fields().len() || schema.index_of(field.name()).is_ok())
            .map(|(index, _)| index)
            .collect();
        let shown_fields: Vec<_> = shown.iter().map(|index| Arc::clone(&all.fields()[*index])).collect();
        Self {
            reader,
            marker: if hide_rows { files.index_of(MARKER).ok() } else { None },
            ordering: ordering(&files, &options.output_ordering),
            schema: Arc::new(Schema::new(shown_fields)),
            partitions,
            scanned,
            shown,
        }
    }

    /// The groups a scan reads concurrently, and whether each is sorted.
    ///
    /// At most one group per partition wanted; but where the order matters, and objects are few enough to be read
    /// side by side, each is a group: a group of one object is as sorted as the object.
    fn groups(&self, objects: &[usize], wanted: usize) -> (Vec<FileGroup>, bool) {
        let ordered = self.ordering.is_some() && objects.len() <= MERGED_OBJECTS;
        let count = if ordered { objects.len() } else { wanted.clamp(1, objects.len()) };
        let mut groups: Vec<(u64, Vec<usize>)> = vec![(0, Vec::new()); count];
        let mut by_size = objects.to_vec();
        by_size.sort_by_key(|object| (std::cmp::Reverse(self.partitions.object(*object).size_bytes), *object));
        for object in by_size {
            if let Some(group) = groups.iter_mut().min_by_key(|group| group.0) {
                group.0 += self.partitions.object(object).size_bytes;
                group.1.push(object);
            }
        }
        let sorted = groups.iter().all(|group| group.1.len() == 1);
        let groups = groups.into_iter().map(|(_, mut members)| {
            members.sort_unstable();
            FileGroup::new(members.into_iter().map(|object| self.file(object)).collect())
        });
        (groups.collect(), sorted)
    }

    fn file(&self, object: usize) -> PartitionedFile {
        let state = self.partitions.object(object);
        PartitionedFile::new_from_meta(ObjectMeta {
            location: Path::from(state.partition.path()),
            // The catalogue knows objects by tag, not by time, and nothing reads this field.
            last_modified: chrono::DateTime::UNIX_EPOCH,
            size: state.size_bytes,
            e_tag: state.etag.clone(),
            version: (state.generation > 0).then(|| state.generation.to_string()),
        })
        .with_partition_values(self.partitions.values(object))
    }

    /// Row counts are exact where no row is hidden; so are the bounds of what the path says.
    fn statistics_of(&self, objects: &[usize]) -> Statistics {
        let rows: u64 = objects.iter().map(|object| self.partitions.object(*object).rows).sum();
        let bytes: u64 = objects.iter().map(|object| self.partitions.object(*object).size_bytes).sum();
        let files = self.scanned.file_schema().fields().len();
        let mut columns = vec![ColumnStatistics::new_unknown(); files];
        columns.extend(self.partitions.column_statistics(objects));
        Statistics {
            num_rows: Precision::Exact(rows as usize),
            total_byte_size: Precision::Inexact(bytes as usize),
            column_statistics: columns,
        }
    }

    fn source(&self, state: &dyn Session, columns: &[usize]) -> ParquetSource {
        let options = TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let counts = columns.iter().all(|column| *column >= self.scanned.file_schema().fields().len());
        ParquetSource::new(self.scanned.clone())
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(self.reader.scan(counts))
    }
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let decide = |filter: &&Expr| {
            if self.partitions.decides(filter) {
                TableProviderFilterPushDown::Exact
            } else {
                TableProviderFilterPushDown::Inexact
            }
        };
        Ok(filters.iter().map(decide).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut columns: Vec<usize> = match projection {
            Some(projection) => projection.iter().map(|index| self.shown[*index]).collect(),
            None => self.shown.clone(),
        };
        let mut objects = self.partitions.matching(state, filters)?;
        // With rows still to be hidden, or filters the scan does not decide, a limit can't stop the scan.
        let decided = filters.iter().all(|filter| self.partitions.decides(filter));
        let limit = limit.filter(|_| decided && self.marker.is_none());
        if let Some(limit) = limit {
            objects = self.partitions.first_rows(objects, limit);
        }
        if objects.is_empty() {
            let schema = self.scanned.table_schema().project(&columns)?;
            return Ok(Arc::new(EmptyExec::new(Arc::new(schema))));
        }
        let shown = columns.len();
        if let Some(marker) = self.marker.filter(|marker| !columns.contains(marker)) {
            columns.push(marker);
        }
        let (groups, sorted) = self.groups(&objects, state.config().target_partitions());
        // The reader factory reads; the URL only has to be one that every session knows.
        let config =
            FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(self.source(state, &columns)))
                .with_file_groups(groups)
                .with_statistics(self.statistics_of(&objects))
                .with_projection_indices(Some(columns))?
                .with_limit(limit)
                .with_output_ordering(self.ordering.iter().filter(|_| sorted).cloned().collect())
                .build();
        let scan = DataSourceExec::from_data_source(config);
        if self.marker.is_none() {
            return Ok(scan);
        }
        let schema = DFSchema::try_from(scan.schema())?;
        let visible = state.create_physical_expr(col(MARKER).is_not_true(), &schema)?;
        let filter = FilterExecBuilder::new(visible, scan).apply_projection(Some((0..shown).collect()))?.build()?;
        Ok(Arc::new(filter))
    }

    fn statistics(&self) -> Option<Statistics> {
        let all = self.statistics_of(&self.partitions.all());
        let columns = self.shown.iter().map(|index| all.column_statistics[*index].clone()).collect();
        let shown = Statistics { column_statistics: columns, ..all };
        Some(if self.marker.is_some() { shown.to_inexact() } else { shown })
    }
}

/// Paths of the objects that a plan reads.
pub(crate) fn objects_in(plan: &Arc<dyn ExecutionPlan>) -> BTreeSet<String> {
    let source = plan.downcast_ref::<DataSourceExec>().map(DataSourceExec::data_source);
    let config = source.and_then(|source| source.downcast_ref::<FileScanConfig>());
    let files = config.into_iter().flat_map(|config| config.file_groups.iter().flat_map(FileGroup::files));
    let mut paths: BTreeSet<String> = files.map(|file| file.object_meta.location.to_string()).collect();
    paths.extend(plan.children().into_iter().flat_map(objects_in));
    paths
}

/// Columns are only ever added, so an object may lack one: all but the sort key may be NULL.
fn relaxed(field: &Arc<Field>, options: &LakeTableOptions) -> Arc<Field> {
    if field.is_nullable() || options.output_ordering.contains(field.name()) {
        return Arc::clone(field);
    }
    Arc::new(field.as_ref().clone().with_nullable(true))
}

fn as_view(field: &Arc<Field>) -> Arc<Field> {
    match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => Arc::clone(field),
    }
}

/// The leading sort columns that the schema still has.
fn ordering(files: &Schema, columns: &[String]) -> Option<LexOrdering> {
    let options = SortOptions { descending: false, nulls_first: true };
    let known = columns.iter().map_while(|name| Some((name, files.index_of(name).ok()?)));
    LexOrdering::new(known.map(|(name, index)| PhysicalSortExpr::new(Arc::new(Column::new(name, index)), options)))
}
