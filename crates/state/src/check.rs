//! Looking the database through.

use sellerlake_contracts::Result;

use crate::State;
use crate::objects::ObjectFilter;
use crate::pool::Pool;
use crate::statement::sql;

impl State {
    /// What is wrong with the database's pages and with each entry of the catalogue, in sentences. A server looks after
    /// its own pages.
    pub async fn check(&self) -> Result<Vec<String>> {
        let mut found = self.pages("SELECT integrity_check AS problem FROM pragma_integrity_check LIMIT 5").await?;
        if let Err(error) = self.objects(&ObjectFilter::default()).await {
            found.push(format!("{error:#}"));
        }
        Ok(found)
    }

    /// What one of SQLite's own checks finds.
    pub(crate) async fn pages(&self, check: &'static str) -> Result<Vec<String>> {
        if let Pool::Postgres(_) = self.reader() {
            return Ok(Vec::new());
        }
        let rows = sql("state.check", check).all(self.reader()).await?;
        let mut found: Vec<String> = rows.iter().map(|row| row.get("problem")).collect::<Result<_>>()?;
        found.retain(|line| line != "ok");
        Ok(found)
    }
}
