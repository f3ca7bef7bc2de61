//! Checks run on rebuilt rows before their swap.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use datafusion::physical_plan::common::spawn_buffered;
use futures::StreamExt;
use sellerlake_contracts::{Error, Kind, ObjectState, Partition, Result};
use sellerlake_query::{LakeReader, LakeTable, LakeTableOptions};
use sellerlake_sinks::BuiltPartition;
use sellerlake_state::{AlertKind, Condition};
use sellerlake_transforms::stage::{Company, StageInput, table_schema};
use sellerlake_transforms::{Check, Dataset, Severity, Stage};

use crate::objects::inputs::Inputs;
use crate::objects::working::Working;
use crate::rebuilding::Rebuilding;

/// Rows of a check's answer that its alert shows.
const SHOWN: usize = 3;

/// A check that found something.
#[derive(Debug)]
pub(crate) struct Objection {
    pub(crate) check: Arc<Check>,
    /// What it found, shortened.
    pub(crate) found: String,
}

impl std::fmt::Display for Objection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.check.doc.replace('\n', " ").trim(), self.found)
    }
}

impl Objection {
    pub(crate) fn blocks(&self) -> bool {
        self.check.severity == Severity::Block
    }
}

impl Rebuilding {
    /// Reference data, which checks may look things up in.
    fn references(&self) -> Result<Inputs> {
        let references = self.shared.declarations.schemas.references.iter();
        let inputs = references.map(|(name, reference)| {
            let input = self.objects.stage_input(&Dataset::Reference(Arc::clone(reference)), Vec::new())?;
            Ok((name.clone(), input))
        });
        inputs.collect()
    }

    /// Tells what the checks say of rows that were published, and no longer what they don't say.
    pub(crate) async fn tell_objections(
        &self,
        stage: &Stage,
        partition: &Partition,
        objections: &[Objection],
    ) -> Result<()> {
        for check in self.shared.declarations.checks.get(&stage.table.name).into_iter().flatten() {
            let about = format!("{}:{partition}", check.name);
            let of_kind = |kind| Condition::of_seller(kind, &partition.seller, about.clone());
            let condition = of_kind(match check.severity {
                Severity::LeftOut => AlertKind::LeftOut,
                Severity::Warn | Severity::Block => AlertKind::Check,
            });
            match objections.iter().find(|objection| objection.check.name == check.name) {
                Some(objection) => {
                    let message = format!("{}: {objection}", check.name);
                    self.shared
                        .state
                        .raise_alert(&condition, &partition.path(), &message, self.shared.clock.now())
                        .await?;
                }
                None => self.shared.resolve(&condition).await?,
            }
        }
        Ok(())
    }

    /// What the checks of a table say of rows about to be published.
    pub(crate) async fn objections(
        &self,
        stage: &Stage,
        built: &BuiltPartition,
        company: Company,
        working: &Working,
    ) -> Result<Vec<Objection>> {
        let mut objections = Vec::new();
        for check in self.shared.declarations.checks.get(&stage.table.name).into_iter().flatten() {
            let input = StageInput { provider: Arc::new(built_rows(stage, built)?), rows: built.rows };
            let mut inputs = self.references()?;
            inputs.insert(stage.table.name.clone(), input);
            let answer =
                self.stages.run_check(check, &inputs, built.partition.month, company, working.runtime()).await?;
            // Looked for by a task of its own, beside those of other months.
            let mut answer = spawn_buffered(answer, 1);
            let mut found = Vec::new();
            while let Some(batch) = answer.next().await {
                let failed =
                    |error| Error::permanent(Kind::Data, "a check failed").with("check", &check.name).source(error);
                found.push(batch.map_err(failed)?);
            }
            if found.iter().any(|batch| batch.num_rows() > 0) {
                objections.push(Objection { check: Arc::clone(check), found: show(&found) });
            }
        }
        Ok(objections)
    }
}

/// How many rows, and the first of them in words: `2 rows: settlement_id 123, difference 0.45; ...`.
fn show(found: &[RecordBatch]) -> String {
    let rows: usize = found.iter().map(RecordBatch::num_rows).sum();
    let options = FormatOptions::new().with_null("unknown");
    let mut shown = Vec::new();
    for batch in found.iter().filter(|batch| batch.num_rows() > 0).take(1) {
        let columns = batch.columns().iter().zip(batch.schema_ref().fields());
        let columns: Vec<_> = columns
            .filter_map(|(column, field)| Some((field.name(), ArrayFormatter::try_new(column, &options).ok()?)))
            .collect();
        for row in 0..batch.num_rows().min(SHOWN) {
            let cells = columns.iter().map(|(name, cells)| format!("{name} {}", cells.value(row)));
            shown.push(cells.collect::<Vec<_>>().join(", "));
        }
    }
    let more = if rows > shown.len() { "; ..." } else { "" };
    let noun = if rows == 1 { "row" } else { "rows" };
    format!("{rows} {noun}: {}{more}", shown.join("; "))
}

/// A built file as a table: checks read the columns they name, and what statistics don't rule out.
fn built_rows(stage: &Stage, built: &BuiltPartition) -> Result<LakeTable> {
    let reader = LakeReader::in_memory(Bytes::from_owner(built.spool.map()?));
    let options = LakeTableOptions { output_ordering: stage.table.sort.clone(), ..LakeTableOptions::default() };
    let object = ObjectState { etag: Some("built".to_owned()), ..built.state() };
    Ok(LakeTable::new(reader, &table_schema(&stage.table), vec![object], &options))
}
