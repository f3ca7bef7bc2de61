//! Somebody else's text on a reader's terminal.

use std::borrow::Cow;

/// Stands between the parts of a unit's key.
const BETWEEN_PARTS: char = '\u{1f}';

/// Text as a terminal may show it: whatever would steer the terminal, begin a line or turn the order of what follows is
/// spelled out. A product title or a file name is what its owner likes.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c == BETWEEN_PARTS {
            shown.push_str(" / ");
        } else if steers(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Control characters, the marks and embeddings of bidirectional text, and the separators of lines and paragraphs.
fn steers(c: char) -> bool {
    let bidi = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || bidi || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_spelled_out_and_the_rest_stays() {
        assert_eq!(printable("\u{1b}]0;you\u{7}\r\n\u{9b}2J"), "\\u{1b}]0;you\\u{7}\\r\\n\\u{9b}2J");
        assert_eq!(printable("MUG\u{202e}GUM\u{2066}\u{200f}"), "MUG\\u{202e}GUM\\u{2066}\\u{200f}");
        assert_eq!(printable("KITE-1\u{1f}\u{1f}2026-03-01"), "KITE-1 /  / 2026-03-01", "a unit of three columns");
        for plain in ["", "Tasse, grün", "كوب", "👩‍👧 24\"", "MUG_1"] {
            assert!(matches!(printable(plain), Cow::Borrowed(shown) if shown == plain));
        }
    }
}
