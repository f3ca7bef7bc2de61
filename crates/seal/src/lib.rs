//! How an object of the lake shows that it is whole, and that it is where it belongs.
//!
//! Parquet's own page checksums would leave headers of pages, the page index and the footer unguarded, and one bit
//! there can make another answer. So the footer of an object carries, as key-value metadata:
//! - [`key::BLOCKS`]: the hash of each block of [`BLOCK_BYTES`] of all that comes before the page index;
//! - [`key::SEAL`]: length and hash of the page index, and the hash of the footer itself, to the end of the file;
//! - [`key::HOME`]: the path it was written for.
//!
//! Whoever reads a range checks the blocks it lies in ([`Seal`]); whoever reads a footer checks its seal before it
//! parses it ([`open`]). Other readers of Parquet notice nothing of it. Objects of format 1 were written without; they
//! are read as they are, until they are written again.

mod blocks;
mod footer;
mod pairs;
mod write;

pub use blocks::{BLOCK_BYTES, Seal};
pub use footer::{TRAILER_BYTES, check, footer_bytes, is_checkable, open};
pub use pairs::pair;
pub use write::{Sealing, finish};

use sellerlake_contracts::{Error, Kind};

/// Keys of what the footer says about the file.
pub mod key {
    /// Version of these keys, and of the row hash.
    pub const FORMAT: &str = "sellerlake.format";
    /// The path of the object, relative to the lake.
    pub const HOME: &str = "sellerlake.home";
    /// Length of what blocks cover, a colon, eight hex digits a block.
    pub const BLOCKS: &str = "sellerlake.blocks";
    /// Sixteen hex digits each: length and hash of the page index, hash of the footer.
    pub const SEAL: &str = "sellerlake.seal";
    /// How many versions of the object were written, this one among them; not in those of earlier sellerlakes.
    pub const GENERATION: &str = "sellerlake.generation";
}

/// The format that is written.
pub const FORMAT: &str = "2";

/// The format of objects without blocks and seal.
pub const UNSEALED: &str = "1";

/// An object whose bytes aren't those that were written.
pub fn damaged(path: &str, what: &str) -> Error {
    Error::permanent(Kind::Data, format!("the object is damaged: {what}"))
        .at("object.read")
        .with("path", path)
        .hint("`sellerlake verify --repair` makes it again; look at the disk that holds it, too")
}

/// An object that isn't the version that was written last.
pub fn outdated(path: &str) -> Error {
    damaged(path, "an older version of it stands in its place")
}

fn misplaced(path: &str, home: &str) -> Error {
    Error::permanent(Kind::Data, "the object belongs elsewhere: it was copied, moved or linked here")
        .at("object.read")
        .with("path", path)
        .with("belongs_at", home)
        .hint("move the file out of the lake, then run `sellerlake verify --repair`")
}

fn foreign(path: &str) -> Error {
    Error::permanent(Kind::Data, "the file doesn't say what it holds: sellerlake didn't write it, or it is damaged")
        .at("object.read")
        .with("path", path)
        .hint("move the file out of the lake, then run `sellerlake verify --repair`, which makes what it stood for")
}
