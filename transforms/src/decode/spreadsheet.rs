//! Whether a spreadsheet has saved a file in which quotes are data as Amazon writes it: then they quote.
//!
//! Spreadsheets quote a cell where it holds a separator, a line end or a quote, and double the quotes in it; some do so
//! for commas too, or for semicolons, whatever separates the cells. One cell that breaks the rule, and nobody followed it:
//! a lone inch mark, a quoted title that needed no quotes.

use super::quoted::{Found, Records};

/// A character that some spreadsheets quote for.
#[derive(Default)]
struct Habit {
    /// It is all that its cell was quoted for.
    quoted: bool,
    /// It stands in a cell without quotes.
    bare: bool,
}

/// Whether quotes quote in the lines that `records` goes through, which must take them to.
pub fn has_quoted(mut records: Records<'_>, delimiter: u8) -> bool {
    let bytes = records.bytes();
    let (start, _) = records.position();
    let opens = |at: usize| matches!(bytes[start + at - 1], b'\n') || bytes[start + at - 1] == delimiter;
    if !memchr::memchr_iter(b'"', &bytes[start..]).any(|at| start + at > 0 && opens(at)) {
        return false;
    }
    let (mut any, mut comma, mut semicolon) = (false, Habit::default(), Habit::default());
    loop {
        match records.advance() {
            Found::End => break,
            Found::Broken(..) => return false,
            Found::Record(_) => {}
        }
        for field in &records.fields {
            let content = field.content(bytes);
            let has = |byte: u8| memchr::memchr(byte, content).is_some();
            if !field.is_quoted() {
                if has(b'"') {
                    return false;
                }
                comma.bare |= has(b',');
                semicolon.bare |= has(b';');
                continue;
            }
            any = true;
            match (has(b'"') || has(delimiter) || has(b'\n'), has(b','), has(b';')) {
                // Quotes that stand in different lines, with all the cells between them.
                _ if has(delimiter) && has(b'\n') => return false,
                (true, ..) | (false, true, true) => {}
                (false, true, false) => comma.quoted = true,
                (false, false, true) => semicolon.quoted = true,
                (false, false, false) => return false,
            }
        }
    }
    any && [comma, semicolon].iter().all(|habit| !(habit.quoted && habit.bare))
}
