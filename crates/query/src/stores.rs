//! A session reads through its tables' readers alone: behind every URL it finds an empty store.

use std::sync::Arc;

use datafusion::datasource::object_store::ObjectStoreRegistry;
use datafusion::error::{DataFusionError, Result};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use url::Url;

/// Knows no store, and learns none.
#[derive(Debug)]
pub(crate) struct NoStores;

impl ObjectStoreRegistry for NoStores {
    fn register_store(&self, _url: &Url, _store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn deregister_store(&self, _url: &Url) -> Result<Arc<dyn ObjectStore>> {
        Err(DataFusionError::Execution("a session has no stores".into()))
    }

    fn get_store(&self, _url: &Url) -> Result<Arc<dyn ObjectStore>> {
        Ok(Arc::new(InMemory::new()))
    }
}
