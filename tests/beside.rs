//! What lies beside the repository and not in it: real reports, Amazon's models of its APIs.

use std::path::PathBuf;

/// A file or folder of `$SELLERLAKE_SHARED`, or of the folder `shared` beside the workspace or beside one of the folders
/// it lies in. Where it isn't, its tests are skipped, aloud; with `SELLERLAKE_INSIST=1` they fail, unless
/// `SELLERLAKE_SHARED=none` says that there is nothing of the kind.
pub fn shared(name: &str) -> Option<PathBuf> {
    let told = std::env::var_os("SELLERLAKE_SHARED");
    let found = if let Some(folder) = &told {
        Some(PathBuf::from(folder).join(name)).filter(|path| path.exists())
    } else {
        let here = std::env::current_dir().unwrap();
        here.ancestors().map(|folder| folder.join("shared").join(name)).find(|path| path.exists())
    };
    let insists = std::env::var_os("SELLERLAKE_INSIST").is_some_and(|insist| insist == "1");
    assert!(
        found.is_some() || !insists || told.is_some_and(|told| told == "none"),
        "there is no {name}: name the folder that has it in SELLERLAKE_SHARED, or say SELLERLAKE_SHARED=none"
    );
    if found.is_none() {
        eprintln!("SKIPPED: there is no {name}; SELLERLAKE_SHARED names the folder that has it");
    }
    found
}
