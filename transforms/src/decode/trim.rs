//! White space around a cell.

/// Trims white space; the usual cell has none, which costs two comparisons.
pub(super) fn trim(text: &str) -> &str {
    let plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = text.as_bytes();
    if bytes.is_empty() || (plain(bytes.first()) && plain(bytes.last())) { text } else { text.trim() }
}
