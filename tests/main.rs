//! End-to-end tests of the real binary, and of the tree itself.

mod books;
mod docs;
mod site;
mod tidy;
