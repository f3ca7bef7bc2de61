//! The tree keeps its own rules: sizes, names, and which way dependencies point.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const MAX_FILE_LINES: usize = 600;
const MAX_FUNCTION_LINES: usize = 70;
const BANNED_NAMES: [&str; 7] = ["utils", "util", "common", "helpers", "misc", "types", "manager"];

/// Who may know whom; a package that isn't named here may know nobody of ours.
const MAY_KNOW: [(&str, &[&str]); 15] = [
    ("contracts", &[]),
    ("schemas", &["contracts"]),
    ("config", &["contracts"]),
    ("transforms", &["contracts", "schemas"]),
    ("seal", &["contracts"]),
    ("sinks", &["contracts", "seal"]),
    ("state", &["contracts"]),
    ("query", &["contracts", "schemas", "seal"]),
    ("pipelines", &["contracts", "schemas", "config", "state", "seal", "sinks", "transforms", "query"]),
    ("testing", &[]),
    // Shared code would let one mistake pass on both sides.
    ("second-opinion", &["contracts"]),
    ("connectors", &["contracts"]),
    // A struct shared with the connectors would let one misreading of Amazon pass on both sides.
    ("simulator", &[]),
    ("accounts", &["config", "connectors", "contracts", "pipelines", "state"]),
    // It composes: what Amazon is asked, and how an object is written, is nothing of its own.
    (
        "cli",
        &[
            "accounts",
            "config",
            "contracts",
            "pipelines",
            "query",
            "schemas",
            "second-opinion",
            "simulator",
            "state",
            "transforms",
        ],
    ),
];

/// Rooms of `pipelines/src`, each with those it may use. What is in no room is for all.
const ROOMS: [(&str, &[&str]); 9] = [
    ("declared", &[]),
    ("planning", &["declared", "asking"]),
    ("objects", &[]),
    ("loading", &["declared", "objects"]),
    ("pulling", &["declared", "planning", "loading"]),
    ("rebuilding", &["objects"]),
    ("asking", &["objects", "rebuilding"]),
    ("care", &["objects", "loading", "rebuilding"]),
    ("history", &["asking", "care"]),
];

/// Files of a crate that know each other in a circle, and why that is as it should be.
const CIRCLES: [(&str, &str); 2] = [
    ("crates/simulator/src/server/amazon.rs", "one Amazon has several doors, and each door's answers come out of it"),
    ("crates/query/src/merging/names.rs", "a join's condition may hold a query, whose own joins have names"),
];

/// Crates that share no type with the others on purpose, and so may name theirs as they like.
const APART: [&str; 2] = ["crates/simulator/", "crates/second-opinion/"];

/// Types of one name, and why they are as they should be.
const NAMESAKES: [(&str, &str); 0] = [];

fn root() -> PathBuf {
    Path::new("../..").canonicalize().unwrap()
}

fn files(extension: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | ".git" | "node_modules" | "corpus" | "artifacts") {
                    walk(&path, extension, found);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), extension, &mut found);
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn files_stay_small() {
    let long = files("rs").into_iter().filter_map(|path| {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        (lines > MAX_FILE_LINES).then(|| format!("{}: {lines} lines, at most {MAX_FILE_LINES}", shown(&path)))
    });
    assert_none(&long.collect::<Vec<_>>());
}

/// Functions as rustfmt lays them out: from a line that holds `fn name` to the brace at the same indent.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let Some(at) = code.find("fn ").filter(|at| *at == 0 || code.as_bytes()[at - 1] == b' ') else { continue };
        if code.starts_with("//") || code[..at].contains(['"', '(', '=']) {
            continue;
        }
        let close = format!("{}}}", " ".repeat(indent));
        let end = lines[start..].iter().position(|line| line.trim_end() == close);
        let declared = lines[start..].iter().position(|line| line.trim_end().ends_with(';'));
        if let Some(end) = end
            && (line.trim_end().ends_with('{') || declared.is_none_or(|declared| declared > 0))
        {
            let name: String = code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.push((name, end + 1));
        }
    }
    found
}

#[test]
fn functions_stay_small() {
    let mut complaints = Vec::new();
    for path in files("rs") {
        for (name, lines) in functions(&fs::read_to_string(&path).unwrap()) {
            if lines > MAX_FUNCTION_LINES {
                complaints.push(format!("{}: fn {name}: {lines} lines, at most {MAX_FUNCTION_LINES}", shown(&path)));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn the_measure_of_functions_measures() {
    let text = "impl X {\n    pub fn long(\n        a: u8,\n    ) -> u8 {\n        a\n    }\n    fn short() {}\n}\n";
    assert_eq!(functions(text)[0], ("long".to_owned(), 5));
}

#[test]
fn names_say_something() {
    let mut complaints = Vec::new();
    for path in files("rs") {
        let named = path.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
        for part in named {
            let stem = part.trim_end_matches(".rs");
            if BANNED_NAMES.contains(&stem) {
                complaints.push(format!("{}: {stem:?} says nothing", shown(&path)));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn dependencies_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_KNOW.into_iter().collect();
    let mut complaints = Vec::new();
    for path in files("toml").into_iter().filter(|path| path.ends_with("Cargo.toml")) {
        let manifest: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        let Some(package) = manifest.get("package").and_then(|package| package["name"].as_str()) else { continue };
        let Some(package) = package.strip_prefix("sellerlake-").filter(|_| !path.starts_with(root().join("fuzz")))
        else {
            continue;
        };
        let Some(may) = allowed.get(package) else {
            complaints.push(format!("{}: add {package:?} to the dependency rules", shown(&path)));
            continue;
        };
        for dependency in manifest.get("dependencies").and_then(toml::Value::as_table).into_iter().flatten() {
            if let Some(known) = dependency.0.strip_prefix("sellerlake-")
                && !may.contains(&known)
            {
                complaints.push(format!("{}: {package} must not know {known}", shown(&path)));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn transforms_touch_no_clock_socket_or_file() {
    let forbidden = ["std::fs", "tokio::fs", "std::net", "Utc::now", "SystemTime", "Instant::now"];
    let mut complaints = Vec::new();
    for path in files("rs").into_iter().filter(|path| path.starts_with(root().join("transforms/src"))) {
        let text = fs::read_to_string(&path).unwrap();
        for word in forbidden.iter().filter(|word| text.contains(**word)) {
            complaints.push(format!("{}: {word}", shown(&path)));
        }
    }
    assert_none(&complaints);
}

/// Which files of the same crate each file names, outside its tests.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let sources: BTreeMap<String, String> = files("rs")
        .into_iter()
        .map(|path| (shown(&path), fs::read_to_string(&path).unwrap()))
        .filter(|(name, _)| name.contains("src/"))
        .collect();
    let file_of = |root: &str, module: &[&str]| {
        (1..=module.len()).rev().find_map(|length| {
            let path = format!("{root}{}", module[..length].join("/"));
            [format!("{path}.rs"), format!("{path}/mod.rs")].into_iter().find(|file| sources.contains_key(file))
        })
    };
    let named = |name: &String, text: &String| {
        let (root, own) = name.split_at(name.find("src/").unwrap() + 4);
        // A file's own module is its path; `mod.rs` is its folder's.
        let own: Vec<&str> = own.trim_end_matches(".rs").trim_end_matches("/mod").split('/').collect();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let text = lines.collect::<Vec<_>>().join("\n");
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_:".contains(c)));
        // `crate::{a, b::C}` names a and b. What a folder's `mod.rs` names of its own files is the folder's own business.
        let grouped = ["crate::{", "super::{"].into_iter().flat_map(|before| {
            let groups = text.split(before).skip(1).filter_map(|rest| rest.split('}').next());
            let whole = move |item: &str| format!("{}{}", before.trim_end_matches('{'), item.trim());
            groups.flat_map(move |group| group.split(',').map(whole))
        });
        let named: Vec<String> = words.clone().map(str::to_owned).chain(grouped).collect();
        let found = named.iter().filter_map(|word| {
            let path: Vec<&str> = word.split("::").filter(|part| !part.is_empty()).collect();
            let up = path.iter().take_while(|part| **part == "super").count();
            match *path.first()? {
                "crate" => file_of(root, &path[1..]),
                "super" => file_of(root, &[&own[..own.len().checked_sub(up)?], &path[up..]].concat()),
                _ => None,
            }
        });
        found.filter(|found| found != name).collect()
    };
    sources.iter().map(|(name, text)| (name.clone(), named(name, text))).collect()
}

#[test]
fn files_of_a_crate_know_each_other_in_no_circle() {
    let imports = imports();
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 300, "hardly an import was found");
    let reach = |from: &String| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(file) = open.pop() {
            open.extend(imports[file].iter().filter(|next| seen.insert((*next).clone())));
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> = imports.keys().map(|file| (file, reach(file))).collect();
    let mut complaints = Vec::new();
    let circle = |file: &String| -> Vec<&String> {
        reached
            .keys()
            .copied()
            .filter(|other| reached[file].contains(*other) && reached[other].contains(file))
            .collect()
    };
    for file in imports.keys() {
        let circle = circle(file);
        let excused = |excuse: &(&str, &str)| circle.iter().any(|file| *file == excuse.0);
        if circle.first() == Some(&file) && !CIRCLES.iter().any(excused) {
            complaints.push(format!("a circle: {circle:?}"));
        }
    }
    for (file, _) in CIRCLES {
        if circle(&file.to_owned()).is_empty() {
            complaints.push(format!("{file} is in no circle any more: strike it off"));
        }
    }
    assert_none(&complaints);
}

#[test]
fn rooms_use_those_below_them() {
    let room = |file: &str| Some(file.strip_prefix("pipelines/src/")?.split_once('/')?.0.to_owned());
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.into_iter().collect();
    let mut complaints = Vec::new();
    for (file, named) in imports() {
        let Some(own) = room(&file) else { continue };
        for other in named.iter().filter_map(|file| room(file)).filter(|other| *other != own) {
            if !allowed.get(own.as_str()).is_some_and(|allowed| allowed.contains(&other.as_str())) {
                complaints.push(format!("{file} uses room {other}"));
            }
        }
    }
    assert_none(&complaints);
}

/// A name means one thing wherever it is read: types that other files may use have names of their own.
#[test]
fn a_type_s_name_means_one_thing() {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files("rs") {
        let name = shown(&path);
        if !name.contains("src/") || APART.iter().any(|apart| name.starts_with(apart)) {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            let mut words = line.split_whitespace();
            let seen = words.next().is_some_and(|word| word.starts_with("pub"));
            let kind = words.next().is_some_and(|word| matches!(word, "struct" | "enum" | "trait" | "type" | "union"));
            if let Some(declared) = words.next().filter(|_| seen && kind) {
                let declared = declared.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap();
                places.entry(declared.to_owned()).or_default().insert(name.clone());
            }
        }
    }
    assert!(places.len() > 300, "hardly a type was found");
    let excused = |name: &str| NAMESAKES.iter().any(|(excused, _)| *excused == name);
    let mut complaints: Vec<String> = places
        .iter()
        .filter(|(name, files)| files.len() > 1 && !excused(name))
        .map(|(name, files)| format!("{name} means {} things: {files:?}", files.len()))
        .collect();
    for (name, _) in NAMESAKES {
        if places.get(name).is_none_or(|files| files.len() < 2) {
            complaints.push(format!("{name} means one thing: strike it off"));
        }
    }
    assert_none(&complaints);
}

/// Whoever waits or dates something asks the clock he was given, so that a test can be the clock. Limits on queries
/// run in real time, whatever time it is in the lake.
#[test]
fn nobody_but_the_clock_tells_the_time() {
    let forbidden = [
        "Utc::now(",
        "Local::now(",
        "SystemTime::now(",
        "Instant::now(",
        ".elapsed(",
        "time::sleep(",
        "thread::sleep(",
    ];
    let exempt = ["crates/contracts/src/clock.rs", "crates/query/src/session.rs"];
    let mut complaints = Vec::new();
    for path in files("rs") {
        let name = shown(&path);
        let ours = [
            "connectors/src",
            "sinks/src",
            "pipelines/src",
            "crates/state/src",
            "crates/accounts/src",
            "crates/query/src",
            "crates/cli/src",
            "crates/contracts/src",
        ];
        if !ours.iter().any(|folder| name.starts_with(folder)) || exempt.contains(&name.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for word in forbidden.iter().filter(|word| text.contains(**word)) {
            complaints.push(format!("{name}: {word}"));
        }
    }
    assert_none(&complaints);
}

#[test]
fn one_version_of_arrow_parquet_and_object_store() {
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    for name in ["arrow", "parquet", "object_store", "datafusion"] {
        let versions = packages.iter().filter(|package| package["name"].as_str() == Some(name)).count();
        assert_eq!(versions, 1, "{name} is in the tree {versions} times");
    }
}

/// Pages that comments refer to, as in `(amazon.md: Quotas)`; several headings are parted by semicolons.
const PAGES: [(&str, &str); 2] = [("amazon.md", "docs/amazon.md"), ("ARCHITECTURE.md", "ARCHITECTURE.md")];

/// A page's headings, and the bold words its numbered lists begin with.
fn headings(page: &str) -> Vec<String> {
    let heading = |line: &str| {
        let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let bold = numbered.strip_prefix(". **").and_then(|rest| rest.split_once("**")).map(|(bold, _)| bold);
        let title = line.starts_with('#').then(|| line.trim_start_matches('#'));
        title.or(bold).map(|title| title.trim().trim_end_matches('.').to_owned())
    };
    page.lines().filter_map(heading).collect()
}

/// Headings of `page` that a text refers to, wherever its lines are broken.
fn references(text: &str, page: &str) -> Vec<String> {
    let marks = ["//!", "///", "//", "--", "#"];
    let bare = |line: &str| {
        let line = line.trim();
        marks.iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line).trim().to_owned()
    };
    let text = text.lines().map(bare).collect::<Vec<_>>().join(" ");
    let opening = format!("({page}: ");
    let inside = text.split(&opening).skip(1).map(|rest| rest.split(')').next().unwrap_or_default().to_owned());
    inside.flat_map(|list| list.split(';').map(|name| name.trim().to_owned()).collect::<Vec<_>>()).collect()
}

/// Texts people write, by path: code, declarations, scripts and pages.
fn written() -> Vec<(String, String)> {
    let kinds = ["rs", "toml", "sql", "py", "md", "sh", "yml"];
    let paths = kinds.iter().flat_map(|kind| files(kind));
    // One declaration among the cases is wrong on purpose, down to its charset.
    paths.map(|path| (shown(&path), String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned())).collect()
}

#[test]
fn references_lead_somewhere() {
    let mut complaints = Vec::new();
    let texts = written();
    for (page, path) in PAGES {
        let known = headings(&fs::read_to_string(root().join(path)).unwrap());
        let mut found = 0;
        for (name, text) in &texts {
            let references = references(text, page);
            found += references.len();
            for reference in references.into_iter().filter(|reference| !known.contains(reference)) {
                complaints.push(format!("{name}: {path} has no heading {reference:?}"));
            }
        }
        assert!(found > 0, "nothing refers to {path}");
    }
    assert_none(&complaints);
}

/// A code such as the letter D, a full stop and 1: a section of something that isn't here.
fn codes(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_alphanumeric() || "._".contains(c);
    let words = text.split(|c: char| !is_part(c)).map(|word| word.trim_end_matches('.'));
    let is_code = |word: &&str| {
        let Some((letter, number)) = word.split_once('.') else { return false };
        let is_number = !number.starts_with('0') && number.chars().all(|c| c.is_ascii_digit()) && !number.is_empty();
        is_number && letter.len() == 1 && ('A'..='K').contains(&letter.chars().next().unwrap_or_default())
    };
    words.filter(is_code).collect()
}

#[test]
fn nothing_refers_to_what_is_not_here() {
    // Put together, so that this file may be looked at too.
    let absent = [concat!("amazon", "-facts"), concat!("DES", "IGN")];
    let mut complaints = Vec::new();
    for (name, text) in written() {
        for word in absent.into_iter().filter(|word| text.contains(word)).chain(codes(&text)) {
            complaints.push(format!("{name}: {word:?} is explained nowhere; write (amazon.md: Quotas)"));
        }
    }
    assert_none(&complaints);
}

#[test]
fn references_are_found() {
    let text = "/// So it is (page.md: Life of a\n    /// report; Quotas), and so on.\n-- (page.md: Roles).";
    assert_eq!(references(text, "page.md"), ["Life of a report", "Quotas", "Roles"]);
    assert_eq!(headings("# A\ntext\n### B c\n10. **D e.** More.\n11. **F**, g"), ["A", "B c", "D e", "F"]);
    let number = 10;
    assert_eq!(codes(&format!("see B.{number}, or (C.{number}). Not X.{number}, B.0, vB.1.2 or B.x")).len(), 2);
}
