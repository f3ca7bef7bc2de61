//! The tables of a session, each made when a statement names it.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use sellerlake_contracts::{Area, ObjectState, Result};
use sellerlake_query::meta::{rows, when_scanned};
use sellerlake_query::{LAKE, LakeReader, LakeTable, LakeTableOptions, Tables};
use sellerlake_schemas::{Grain, Source};
use sellerlake_transforms::merge::stored_schema;
use sellerlake_transforms::stage::table_schema;
use sellerlake_transforms::{Declarations, Stage};

use crate::asking::meta::{self, Seen};
use crate::asking::sight::Sight;

const SOURCES: &str = "sources";
const META: &str = "meta";

/// Everything declared, over what a session sees.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) declarations: Arc<Declarations>,
    pub(crate) reader: LakeReader,
    pub(crate) sight: Sight,
}

impl Declared {
    async fn of_lake(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(stage) = self.declarations.stages.values().find(|stage| stage.table.name == name) {
            let objects = self.sight.objects().await?.of_dataset(stage.area, name);
            return Ok(Some(Arc::new(stage_table(&self.reader, stage, objects))));
        }
        let references = &self.declarations.schemas.references;
        let reference = references.values().find(|reference| reference.table.name == name);
        reference.map(|reference| rows(reference.rows.schema(), vec![reference.rows.clone()])).transpose()
    }

    async fn of_sources(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let sources = &self.declarations.schemas.sources;
        let Some(source) = sources.values().find(|source| source.name == name) else { return Ok(None) };
        let objects = self.sight.objects().await?.of_dataset(Area::Sources, name);
        Ok(Some(Arc::new(source_table(&self.reader, source, objects, true))))
    }

    fn of_meta(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        let table = meta::all().into_iter().find(|table| table.name() == name)?;
        Some(when_scanned(Arc::new(Seen { table, sight: self.sight.clone() })))
    }
}

#[async_trait]
impl Tables for Declared {
    fn names(&self, schema: &str) -> Vec<String> {
        let declared = &self.declarations;
        match schema {
            LAKE => {
                let stages = declared.stages.values().map(|stage| stage.table.name.clone());
                stages.chain(declared.schemas.references.values().map(|held| held.table.name.clone())).collect()
            }
            SOURCES => declared.schemas.sources.values().map(|source| source.name.clone()).collect(),
            META => meta::all().iter().map(|table| table.name().to_owned()).collect(),
            _ => Vec::new(),
        }
    }

    async fn table(&self, schema: &str, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match schema {
            LAKE => self.of_lake(name).await,
            SOURCES => self.of_sources(name).await,
            META => Ok(self.of_meta(name)),
            _ => Ok(None),
        }
    }
}

fn stage_table(reader: &LakeReader, stage: &Stage, objects: Vec<ObjectState>) -> LakeTable {
    let options = LakeTableOptions {
        expose_seller: true,
        expose_month: stage.table.grain == Grain::Month,
        text_views: true,
        ..LakeTableOptions::default()
    };
    LakeTable::new(reader.clone(), &table_schema(&stage.table), objects, &options)
}

/// A source's rows as sessions see them, with or without those that say of a unit that it is empty.
pub(crate) fn source_table(
    reader: &LakeReader,
    source: &Source,
    objects: Vec<ObjectState>,
    hide_markers: bool,
) -> LakeTable {
    let options = LakeTableOptions {
        expose_seller: true,
        expose_month: source.month.is_some(),
        hide_markers,
        text_views: true,
        ..LakeTableOptions::default()
    };
    LakeTable::new(reader.clone(), &stored_schema(source), objects, &options)
}
