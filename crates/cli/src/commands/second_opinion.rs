//! `sellerlake verify --second-opinion`

use std::process::ExitCode;

use sellerlake_contracts::Result;
use sellerlake_pipelines::Workspace;

#[cfg(not(feature = "second-opinion"))]
#[expect(clippy::unused_async, reason = "the one that has the engine reads the lake")]
pub(crate) async fn run(_: &Workspace) -> Result<ExitCode> {
    use sellerlake_contracts::{Error, Kind};

    Err(Error::permanent(Kind::Usage, "this binary was built without a second engine")
        .at("verify.second_opinion")
        .hint(
            "build one that has it: `cargo build --release --package sellerlake-cli --features second-opinion`, \
         then give it the same command",
        ))
}

#[cfg(feature = "second-opinion")]
pub(crate) use with_engine::run;

#[cfg(feature = "second-opinion")]
mod with_engine {
    use std::collections::BTreeSet;
    use std::fs::File;

    use async_trait::async_trait;
    use sellerlake_contracts::{Area, Error, Kind, Partition, printable};
    use sellerlake_second_opinion::{COVERED, Objects, Opinion, second_opinion};

    use super::{ExitCode, Result, Workspace};
    use crate::commands::IN_PART;
    use crate::printer::{self, count};

    /// Differences shown of one rollup of a seller.
    const SHOWN: usize = 20;

    struct InLake<'a>(&'a Workspace);

    #[async_trait]
    impl Objects for InLake<'_> {
        async fn list(&self) -> Result<Vec<Partition>> {
            let mut found = Vec::new();
            for area in [Area::Tables, Area::Rollups] {
                found.extend(self.0.lake.partitions(Some(area)).await?.into_iter().map(|(partition, _)| partition));
            }
            Ok(found)
        }

        async fn open(&self, partition: &Partition) -> Result<Option<File>> {
            let Some(copied) = self.0.lake.copy(partition).await? else { return Ok(None) };
            let failed = |error| {
                Error::transient(Kind::Storage, "an object can't be read").with("path", partition).source(error)
            };
            copied.file.try_clone().map(Some).map_err(failed)
        }
    }

    pub(crate) async fn run(workspace: &Workspace) -> Result<ExitCode> {
        let opinions = second_opinion(&InLake(workspace)).await?;
        let mut grid = vec![["seller", "rollup", "rows", "columns", "differences"].map(str::to_owned).to_vec()];
        grid.extend(opinions.iter().map(|opinion| {
            let numbers = [opinion.rows, opinion.columns.len() as u64, opinion.differences.len() as u64];
            let names = [opinion.seller.to_string(), opinion.table.to_owned()];
            names.into_iter().chain(numbers.map(|number| number.to_string())).collect()
        }));
        printer::grid(&grid);
        for Opinion { seller, table, differences, .. } in &opinions {
            for difference in differences.iter().take(SHOWN) {
                printer::line(printable(&difference.to_string()));
            }
            if let Some(more) = differences.len().checked_sub(SHOWN + 1) {
                printer::note(format!("and {} more of {table} of {seller}", count(more as u64 + 1, "difference")));
            }
        }
        uncovered(workspace, &opinions).iter().for_each(printer::note);
        let rows: u64 = opinions.iter().map(|opinion| opinion.rows).sum();
        let differences: u64 = opinions.iter().map(|opinion| opinion.differences.len() as u64).sum();
        printer::note(match (rows, differences) {
            (0, 0) => "there was nothing to compare".to_owned(),
            (rows, 0) => format!("polars says the same, in {}", count(rows, "row")),
            (_, differences) => format!("polars says otherwise: {}", count(differences, "difference")),
        });
        Ok(match (rows, differences) {
            (0, 0) => ExitCode::FAILURE,
            (_, 0) => ExitCode::SUCCESS,
            _ => ExitCode::from(IN_PART),
        })
    }

    /// Rollups and columns that nobody else looks at.
    fn uncovered(workspace: &Workspace, opinions: &[Opinion]) -> Vec<String> {
        let declarations = workspace.declarations();
        let rollups = declarations.stages.values().filter(|stage| stage.area == Area::Rollups);
        let others: Vec<&str> =
            rollups.map(|stage| stage.table.name.as_str()).filter(|name| !COVERED.contains(name)).collect();
        let mut notes = vec![format!("not worked out again: {}", others.join(", "))];
        for name in COVERED {
            let of_rollup = opinions.iter().filter(|opinion| opinion.table == name);
            let compared: BTreeSet<&String> = of_rollup.flat_map(|opinion| &opinion.columns).collect();
            let declared = declarations.stages.get(name).into_iter().flat_map(|stage| stage.table.columns.keys());
            let missing: Vec<&str> = declared.filter(|column| !compared.contains(column)).map(String::as_str).collect();
            if !missing.is_empty() && !compared.is_empty() {
                notes.push(format!("not worked out again in {name}: {}", missing.join(", ")));
            }
        }
        notes
    }
}
