//! The tables of one schema: those a session was handed, and those that are made when a statement names them.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::datasource::TableType;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use sellerlake_contracts::Result;
use tokio::runtime::Handle;

/// Tables that have a name from the start and are made once a statement names them.
#[async_trait]
pub trait Tables: Debug + Send + Sync {
    /// The names of a schema: `lake`, `sources` or `meta`.
    fn names(&self, schema: &str) -> Vec<String>;

    /// The table of that name; `None` for a name that isn't among these. A session asks once for each, on the threads
    /// of whoever made the session: what is read for it may belong there.
    async fn table(&self, schema: &str, name: &str) -> Result<Option<Arc<dyn TableProvider>>>;
}

/// One schema of a session.
#[derive(Debug)]
pub(crate) struct Shelf {
    schema: &'static str,
    /// Those handed over, and those made so far.
    ready: MemorySchemaProvider,
    /// The others, and where they are made.
    tables: Option<(Arc<dyn Tables>, Handle)>,
}

impl Shelf {
    pub(crate) fn new(schema: &'static str, tables: Option<Arc<dyn Tables>>) -> Self {
        Self { schema, ready: MemorySchemaProvider::new(), tables: tables.map(|tables| (tables, Handle::current())) }
    }

    fn declared(&self) -> Vec<String> {
        self.tables.as_ref().map(|(tables, _)| tables.names(self.schema)).unwrap_or_default()
    }
}

#[async_trait]
impl SchemaProvider for Shelf {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.ready.table_names();
        names.extend(self.declared());
        names.sort_unstable();
        names.dedup();
        names
    }

    async fn table(&self, name: &str) -> DataFusionResult<Option<Arc<dyn TableProvider>>> {
        if let Some(ready) = self.ready.table(name).await? {
            return Ok(Some(ready));
        }
        let Some((tables, home)) = self.tables.clone() else { return Ok(None) };
        let (schema, wanted) = (self.schema, name.to_owned());
        let made = home.spawn(async move { tables.table(schema, &wanted).await }).await;
        let made = made.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?;
        let Some(made) = made.map_err(|error| DataFusionError::External(Box::new(error)))? else { return Ok(None) };
        self.ready.register_table(name.to_owned(), Arc::clone(&made))?;
        Ok(Some(made))
    }

    /// Said of a list of all tables, which makes none of them.
    async fn table_type(&self, name: &str) -> DataFusionResult<Option<TableType>> {
        let is_ready = self.ready.table_exist(name);
        if is_ready { self.ready.table_type(name).await } else { Ok(self.table_exist(name).then_some(TableType::Base)) }
    }

    fn table_exist(&self, name: &str) -> bool {
        self.ready.table_exist(name) || self.declared().iter().any(|declared| declared == name)
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> DataFusionResult<Option<Arc<dyn TableProvider>>> {
        self.ready.register_table(name, table)
    }
}
