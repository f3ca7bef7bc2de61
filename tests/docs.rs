//! Generated documents say what the declarations say.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use sellerlake_contracts::Area;
use sellerlake_schemas::Table;
use sellerlake_transforms::{Declarations, Stage};

fn compare(path: &str, expected: &str) {
    let path = Path::new("../..").join(path);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} is out of date; run the tests with UPDATE=1", path.display());
}

fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// What tells a table's rows apart, in a sentence.
fn key(table: &Table) -> String {
    if let Some(reason) = &table.no_key {
        return format!("No key: {}", cell(reason));
    }
    let columns: Vec<String> = table.key.iter().map(|name| format!("`{name}`")).collect();
    format!("Key: {}.", columns.join(", "))
}

fn table(out: &mut String, stage: &Stage) {
    let table = &stage.table;
    let inputs: Vec<String> = stage.reads.keys().map(|input| format!("`{input}`")).collect();
    writeln!(out, "\n### {}\n\n{}\n\nMade from {}.\n", table.name, cell(&table.doc), inputs.join(", ")).unwrap();
    writeln!(out, "{}\n", key(table)).unwrap();
    out.push_str("| column | type | meaning |\n|---|---|---|\n");
    for column in table.columns.values() {
        writeln!(out, "| `{}` | {} | {} |", column.name, column.column_type, cell(&column.doc)).unwrap();
    }
}

#[test]
fn tables_are_documented() {
    let declarations = Declarations::load(None).unwrap();
    let mut out = String::from(
        "# Tables\n\nGenerated from the declarations; a test keeps it so. Every table also has `seller_id`, and \
         `month` where it has\none object a month. Money is exact decimal; NULL means unknown; times are UTC. A \
         table's key tells the rows of\none seller and month apart; two rows with one key are never published.\n",
    );
    for (area, title) in [(Area::Tables, "Tables"), (Area::Rollups, "Rollups")] {
        writeln!(out, "\n## {title}").unwrap();
        declarations.stages.values().filter(|stage| stage.area == area).for_each(|stage| table(&mut out, stage));
    }
    out.push_str("\n## Reference data\n");
    for reference in declarations.schemas.references.values() {
        writeln!(out, "\n### {}\n\n{}\n", reference.table.name, cell(&reference.table.doc)).unwrap();
        writeln!(out, "{}\n", key(&reference.table)).unwrap();
        out.push_str("| column | type | meaning |\n|---|---|---|\n");
        for column in reference.table.columns.values() {
            writeln!(out, "| `{}` | {} | {} |", column.name, column.column_type, cell(&column.doc)).unwrap();
        }
    }
    out.push_str("\n## Sources\n\n`SELECT … FROM sources.NAME`; columns with `sellerlake sources NAME`.\n\n");
    out.push_str("| source | Amazon's name | what it holds |\n|---|---|---|\n");
    for source in declarations.schemas.sources.values() {
        let types: Vec<String> = source.report_types.iter().map(|name| format!("`{name}`")).collect();
        writeln!(out, "| `{}` | {} | {} |", source.name, types.join(" "), cell(&source.doc)).unwrap();
    }
    out.push_str("\n## What sellerlake knows\n\n`SELECT … FROM meta.NAME`, of the sellers one may see.\n");
    for table in sellerlake_pipelines::meta_tables() {
        writeln!(out, "\n### meta.{}\n\n{}\n", table.name, cell(table.doc)).unwrap();
        out.push_str("| column | type | meaning |\n|---|---|---|\n");
        for column in table.columns {
            writeln!(out, "| `{}` | {} | {} |", column.name, column.type_name, cell(column.doc)).unwrap();
        }
    }
    compare("docs/TABLES.md", &out);
}

#[test]
fn settings_are_documented() {
    let text = format!(
        "# Settings\n\nGenerated from the annotated default file; a test keeps it so. `sellerlake init` writes this \
         file.\n\n```toml\n{}```\n",
        sellerlake_config::DEFAULT
    );
    compare("docs/CONFIG.md", &text);
}

#[test]
fn what_goes_wrong_elsewhere_has_its_tests() {
    let root = Path::new("../..");
    let list = fs::read_to_string(root.join("docs/what-goes-wrong-elsewhere.md")).unwrap();
    let named: Vec<(&str, &str)> = list.split('`').filter_map(|word| word.split_once(".rs::")).collect();
    assert!(named.len() > 20);
    for (file, test) in named {
        let text = fs::read_to_string(root.join(format!("{file}.rs"))).unwrap_or_default();
        assert!(text.contains(&format!("fn {test}(")), "{file}.rs has no test {test}");
    }
}
