//! Reads declarations, cross-checks them as one, and reports every mistake at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_128;

use crate::column::Column;
use crate::files::{File, Files};
use crate::findings::Findings;
use crate::knowledge::Knowledge;
use crate::reference::{Reference, read_rows};
use crate::source::Source;
use crate::source_rules::check_source;
use crate::table::{Table, TableColumn};
use crate::table_rules::check_table;

static SOURCES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sources");
static TABLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tables");
static REFERENCE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/reference");

/// Adds the declarations that come with the binary.
pub fn add_built_in(files: &mut Files) {
    files.add_embedded(&SOURCES, "schemas/sources");
    files.add_embedded(&TABLES, "schemas/tables");
    files.add_embedded(&REFERENCE, "schemas/reference");
}

/// Every declared source, table and reference.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    /// Sources by name.
    pub sources: BTreeMap<String, Arc<Source>>,
    /// Sources that can be given for all sellers, by what stages call those rows.
    pub shared: BTreeMap<String, Arc<Source>>,
    /// Tables and rollups by name, references not among them.
    pub tables: BTreeMap<String, Arc<Table>>,
    /// Reference data by name.
    pub references: BTreeMap<String, Arc<Reference>>,
}

impl Schemas {
    /// Reads all files; what is wrong goes to `findings` and is left out.
    pub fn load<'a>(files: &'a Files, findings: &mut Findings) -> Self {
        let mut schemas = Self::default();
        files.unreadable().for_each(|(path, problem)| findings.add(path, "", problem));
        let mut owners: BTreeMap<&str, &File> = BTreeMap::new();
        let mut paths: BTreeMap<String, String> = BTreeMap::new();
        let mut own = |file: &'a File, findings: &mut Findings| {
            let Some(earlier) = owners.insert(file.stem(), file) else { return true };
            findings.add(&file.path, "", taken(file, earlier));
            false
        };
        for file in files.within("schemas/sources", "toml") {
            let parsed: Option<(Source, IndexMap<String, Column>)> = parse(file, findings);
            if let (Some((mut source, columns)), true) = (parsed, own(file, findings)) {
                source.name = file.stem().to_owned();
                source.columns = columns;
                source.columns.iter_mut().for_each(|(name, column)| column.name.clone_from(name));
                check_source(&file.path, &source, findings);
                paths.insert(source.name.clone(), file.path.clone());
                let source = Arc::new(source);
                if source.shared {
                    schemas.shared.insert(Source::shared_name(&source.name), Arc::clone(&source));
                }
                schemas.sources.insert(source.name.clone(), source);
            }
        }
        for file in files.within("schemas/tables", "toml") {
            let parsed: Option<(Table, IndexMap<String, TableColumn>)> = parse(file, findings);
            if let (Some((mut table, columns)), true) = (parsed, own(file, findings)) {
                table.name = file.stem().to_owned();
                table.columns = columns;
                table.columns.iter_mut().for_each(|(name, column)| column.name.clone_from(name));
                check_table(&file.path, &table, findings);
                schemas.tables.insert(table.name.clone(), Arc::new(table));
            }
        }
        schemas.load_references(files, findings);
        schemas.check_report_types(findings);
        schemas.check_known_in(&paths, findings);
        schemas.share_knowledge(&paths, findings);
        schemas
    }

    /// Gives every source what all of them know.
    fn share_knowledge(&mut self, paths: &BTreeMap<String, String>, findings: &mut Findings) {
        let marketplaces = self.references.get("marketplaces").map(AsRef::as_ref);
        let columns = self.sources.values();
        let columns = columns.flat_map(|source| source.columns.values().map(|column| (source.name.as_str(), column)));
        let knowledge = Arc::new(Knowledge::of(columns, marketplaces));
        for source in self.sources.values_mut().chain(self.shared.values_mut()) {
            for column in source.columns.values() {
                if let (Some(other), Some(path)) = (knowledge.contradicts(column), paths.get(&source.name)) {
                    let problem = format!("{other} declares it personal, so it is here too: pii = true");
                    findings.add(path, format!("columns.{}.pii", column.name), problem);
                }
            }
            Arc::make_mut(source).knowledge = Arc::clone(&knowledge);
        }
    }

    fn load_references(&mut self, files: &Files, findings: &mut Findings) {
        for file in files.within("schemas/reference", "csv") {
            let Some(table) = self.tables.remove(file.stem()) else {
                findings.add(&file.path, "", format!("schemas/tables/{}.toml must declare its columns", file.stem()));
                continue;
            };
            match read_rows(&table, &file.text) {
                Ok(rows) => {
                    let hash = format!("{:032x}", xxh3_128(file.text.as_bytes()));
                    let reference = Reference { table: table.as_ref().clone(), rows, hash };
                    self.references.insert(table.name.clone(), Arc::new(reference));
                }
                Err(problem) => findings.add(&file.path, "", problem),
            }
        }
    }

    fn check_known_in(&self, paths: &BTreeMap<String, String>, findings: &mut Findings) {
        for source in self.sources.values() {
            let places =
                source.columns.values().flat_map(|column| column.known_in.iter().map(move |place| (column, place)));
            for (column, place) in places {
                let found = place.split_once('.').and_then(|(table, name)| self.tables.get(table)?.columns.get(name));
                if let (None, Some(path)) = (found, paths.get(&source.name)) {
                    let problem = format!("{place:?} is no column of a table, such as listings.sku");
                    findings.add(path, format!("columns.{}.known_in", column.name), problem);
                }
            }
        }
    }

    fn check_report_types(&self, findings: &mut Findings) {
        let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
        for source in self.sources.values() {
            for report_type in &source.report_types {
                if let Some(earlier) = owners.insert(report_type, &source.name) {
                    let file = format!("schemas/sources/{}.toml", source.name);
                    findings.add(&file, "report_types", format!("{earlier} already has {report_type:?}"));
                }
            }
        }
    }

    /// The source of this name or report type.
    pub fn source(&self, name: &str) -> Option<&Arc<Source>> {
        self.sources.get(name).or_else(|| {
            self.sources
                .values()
                .find(|source| source.report_types.iter().any(|known| known.eq_ignore_ascii_case(name)))
        })
    }
}

/// Why a name can't be used a second time.
fn taken(file: &File, earlier: &File) -> String {
    if file.user && !earlier.user {
        return format!("{:?} is built in and can't be replaced; choose another name", file.stem());
    }
    format!("{} already declares {:?}", earlier.path, file.stem())
}

/// Parses one file, each column by itself so that one wrong column doesn't hide the next.
fn parse<T: DeserializeOwned, C: DeserializeOwned>(
    file: &File,
    findings: &mut Findings,
) -> Option<(T, IndexMap<String, C>)> {
    let mut document: toml::Table = match file.text.parse() {
        Ok(document) => document,
        Err(error) => {
            findings.add(&file.path, "", error.to_string());
            return None;
        }
    };
    let mut columns = IndexMap::new();
    if let Some(toml::Value::Table(declared)) =
        document.insert("columns".into(), toml::Value::Table(toml::Table::new()))
    {
        for (name, value) in declared {
            match value.try_into::<C>() {
                Ok(column) => {
                    columns.insert(name, column);
                }
                Err(error) => findings.unreadable(&file.path, format!("columns.{name}"), &error.to_string()),
            }
        }
    }
    let head = parse_head(file, document, findings)?;
    Some((head, columns))
}

/// Deserialises the keys outside `columns`, reporting each unknown one.
fn parse_head<T: DeserializeOwned>(file: &File, mut document: toml::Table, findings: &mut Findings) -> Option<T> {
    loop {
        let error = match document.clone().try_into::<T>() {
            Ok(head) => return Some(head),
            Err(error) => error.to_string(),
        };
        findings.unreadable(&file.path, "", &error);
        let unknown = error.split('`').nth(1).filter(|_| error.starts_with("unknown field"));
        document.remove(unknown?)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_declarations_have_no_mistakes() {
        let mut files = Files::default();
        add_built_in(&mut files);
        let mut findings = Findings::default();
        Schemas::load(&files, &mut findings);
        let found: Vec<String> = findings.sorted().iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn built_in_tables_say_what_tells_their_rows_apart() {
        let mut files = Files::default();
        add_built_in(&mut files);
        let schemas = Schemas::load(&files, &mut Findings::default());
        let references = schemas.references.values().map(|reference| &reference.table);
        let tables = schemas.tables.values().map(AsRef::as_ref).chain(references);
        let open: Vec<&str> = tables.filter(|table| table.leaves_key_open()).map(|table| table.name.as_str()).collect();
        assert!(open.is_empty(), "neither `key` nor `no_key`: {}", open.join(", "));
    }
}
