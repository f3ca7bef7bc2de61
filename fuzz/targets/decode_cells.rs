//! Lines of cells, each read as every type there is; the header is given.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sellerlake_fuzz::decode_and_check;
use sellerlake_schemas::{Column, Source};

const DECLARATION: &str = r#"
version = 1
doc = "A column of every type."
format = "tsv"
scope = "account"
unit = "period"
charset_fallbacks = ["windows-1252"]
columns = {}
"#;

const COLUMNS: [(&str, &str); 8] = [
    ("text", r#"type = "text""#),
    ("int", r#"type = "int""#),
    ("money", r#"type = "decimal(18,4)""#),
    ("rate", r#"type = "decimal(38,9)""#),
    (
        "instant",
        "type = \"timestamp\"\nzone = \"America/Los_Angeles\"\nformats = [\"%d.%m.%Y %H:%M:%S %Z\", \"%m/%d/%Y\"]",
    ),
    ("day", "type = \"date\"\nformats = [\"%d/%m/%Y\", \"%m/%d/%Y\", \"%b %Y\"]"),
    ("truth", r#"type = "bool""#),
    ("json", r#"type = "json""#),
];

static SOURCE: LazyLock<Source> = LazyLock::new(|| {
    let mut source: Source = toml::from_str(DECLARATION).unwrap_or_else(|error| panic!("{error}"));
    source.name = "cells".into();
    for (name, declaration) in COLUMNS {
        let text = format!("{declaration}\ndoc = \"d\"");
        let mut column: Column = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"));
        column.name = name.into();
        source.columns.insert(name.into(), column);
    }
    source
});

fuzz_target!(|bytes: &[u8]| {
    let mut file: Vec<u8> = COLUMNS.map(|(name, _)| name).join("\t").into_bytes();
    for cell in bytes.split(|byte| *byte == b'\n') {
        file.push(b'\n');
        file.extend(vec![cell; COLUMNS.len()].join(&b'\t'));
    }
    decode_and_check(&SOURCE, None, &file);
});
