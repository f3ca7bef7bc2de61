//! Whether somebody reads what is printed.
//!
//! Rust puts `/dev/null` in the place of a standard output that is closed (`>&-`), so that whatever is written is gone and
//! all is well. Who asked for it must hear that it was written nowhere, so this looks before Rust does.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sellerlake_contracts::{Error, Kind, Result};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Called before `main` by whatever loads the program.
#[used]
#[expect(unsafe_code, reason = "the section's entries are called as functions of this type, which this one is")]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    let open = |name: &str| Path::new(name).symlink_metadata().is_ok();
    CLOSED.store(open("/dev/fd/.") && !open("/dev/fd/1"), Ordering::Relaxed);
}

/// Fails where standard output was closed from the start.
pub(crate) fn refuse() -> Result<()> {
    if CLOSED.load(Ordering::Relaxed) {
        return Err(Error::permanent(Kind::Storage, "the answer can't be written: standard output is closed")
            .hint("let it go somewhere: `> FILE`, or `> /dev/null` where nobody wants it"));
    }
    Ok(())
}
