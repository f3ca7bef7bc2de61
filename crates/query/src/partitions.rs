//! The objects of a table, and what their paths decide without opening them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::cast::as_boolean_array;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue};
use datafusion::datasource::listing::helpers::expr_applicable_for_cols;
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use sellerlake_contracts::ObjectState;

/// Name of the column that tells the seller.
pub const SELLER: &str = "seller_id";
/// Name of the column that tells the month.
pub const MONTH: &str = "month";

/// Objects with rows, in the order of their paths, and the columns their paths stand for.
#[derive(Debug)]
pub(crate) struct Partitions {
    objects: Vec<ObjectState>,
    /// One row per object.
    columns: RecordBatch,
}

impl Partitions {
    pub(crate) fn new(mut objects: Vec<ObjectState>, seller: bool, month: bool) -> Self {
        objects.retain(|object| object.etag.is_some() && object.rows > 0);
        objects.sort_by_cached_key(|object| object.partition.path());
        let mut fields = Vec::new();
        let mut columns: Vec<ArrayRef> = Vec::new();
        if seller {
            fields.push(Field::new(SELLER, DataType::Utf8, false));
            let values = objects.iter().map(|object| object.partition.seller.as_str());
            columns.push(Arc::new(StringArray::from_iter_values(values)));
        }
        if month {
            fields.push(Field::new(MONTH, DataType::Utf8, true));
            let values = objects.iter().map(|object| object.partition.month.map(|month| month.to_string()));
            columns.push(Arc::new(values.collect::<StringArray>()));
        }
        let rows = RecordBatchOptions::new().with_row_count(Some(objects.len()));
        let columns = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &rows)
            .unwrap_or_else(|_| RecordBatch::new_empty(Arc::new(Schema::empty())));
        Self { objects, columns }
    }

    pub(crate) fn fields(&self) -> Vec<FieldRef> {
        self.columns.schema_ref().fields().iter().cloned().collect()
    }

    pub(crate) fn object(&self, index: usize) -> &ObjectState {
        &self.objects[index]
    }

    pub(crate) fn all(&self) -> Vec<usize> {
        (0..self.objects.len()).collect()
    }

    pub(crate) fn have_markers(&self) -> bool {
        self.objects.iter().any(|object| object.rows != object.visible_rows)
    }

    /// The values of the path's columns in one object.
    pub(crate) fn values(&self, object: usize) -> Vec<ScalarValue> {
        let value = |column: &ArrayRef| {
            let text = column.as_any().downcast_ref::<StringArray>();
            ScalarValue::Utf8(text.filter(|text| text.is_valid(object)).map(|text| text.value(object).to_owned()))
        };
        self.columns.columns().iter().map(value).collect()
    }

    /// Whether the path alone decides the filter, for every row of an object alike. A filter that speaks of no column is
    /// one, too: `seller_id IS NULL` was promised to be decided here, and has become `false` when it comes to it.
    pub(crate) fn decides(&self, filter: &Expr) -> bool {
        let schema = self.columns.schema_ref();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let open = |expr: &Expr| {
            Ok(matches!(
                expr,
                Expr::ScalarSubquery(_)
                    | Expr::InSubquery(_)
                    | Expr::Exists(_)
                    | Expr::SetComparison(_)
                    | Expr::OuterReferenceColumn(..)
                    | Expr::ScalarVariable(..)
            ))
        };
        expr_applicable_for_cols(&names, filter) && !filter.exists(open).unwrap_or(true)
    }

    /// The objects that may hold rows these filters keep; filters the path doesn't decide are ignored.
    pub(crate) fn matching(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<usize>> {
        let decided = filters.iter().filter(|filter| self.decides(filter)).cloned();
        let Some(filter) = conjunction(decided) else { return Ok(self.all()) };
        let schema: SchemaRef = self.columns.schema();
        let filter = state.create_physical_expr(filter, &DFSchema::try_from(schema)?)?;
        let kept = filter.evaluate(&self.columns)?.cast_to(&DataType::Boolean, None)?;
        let kept = kept.into_array(self.objects.len())?;
        let kept = as_boolean_array(&kept)?;
        Ok((0..self.objects.len()).filter(|index| kept.is_valid(*index) && kept.value(*index)).collect())
    }

    /// As many of the objects as hold the first `rows` rows.
    pub(crate) fn first_rows(&self, objects: Vec<usize>, rows: usize) -> Vec<usize> {
        let mut before = 0_u64;
        let enough = |object: &usize| {
            let wanted = before < rows as u64;
            before += self.objects[*object].rows;
            wanted
        };
        objects.into_iter().take_while(enough).collect()
    }

    /// Exact bounds of the path's columns over these objects.
    pub(crate) fn column_statistics(&self, objects: &[usize]) -> Vec<ColumnStatistics> {
        let of = |column: &ArrayRef| {
            let text = column.as_any().downcast_ref::<StringArray>();
            let values =
                || objects.iter().filter_map(|object| text.filter(|t| t.is_valid(*object)).map(|t| t.value(*object)));
            let bound = |value: Option<&str>| match value {
                Some(value) => Precision::Exact(ScalarValue::Utf8(Some(value.to_owned()))),
                None => Precision::Absent,
            };
            let nulls = objects.iter().filter(|object| column.is_null(**object));
            let nulls: u64 = nulls.map(|object| self.objects[*object].rows).sum();
            ColumnStatistics {
                null_count: Precision::Exact(nulls as usize),
                min_value: bound(values().min()),
                max_value: bound(values().max()),
                ..ColumnStatistics::new_unknown()
            }
        };
        self.columns.columns().iter().map(of).collect()
    }
}
