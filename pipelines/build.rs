//! Embeds every `*.toml` beside this file, so that a new pipeline is a new file and nothing else.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let mut names: Vec<String> = fs::read_dir(&root)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension().is_some_and(|kind| kind == "toml") && name != "Cargo.toml")
        .collect();
    names.sort();
    let mut code = String::from("&[\n");
    for name in names {
        let path = Path::new(&root).join(&name);
        // Writing to a String can't fail.
        let _ = writeln!(code, "    ({name:?}, include_str!({:?})),", path.display().to_string());
    }
    code.push_str("]\n");
    println!("cargo:rerun-if-changed={root}");
    fs::write(Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("built_in.rs"), code)
}
