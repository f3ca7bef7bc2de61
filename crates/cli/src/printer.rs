//! The only place that writes: data to standard output, words to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::IsTerminal;

use sellerlake_contracts::Error;

/// A line of data.
pub fn line(text: impl AsRef<str>) {
    use std::io::Write;
    // A reader that went away (`| head`) is no failure of ours.
    let _ = writeln!(std::io::stdout(), "{}", text.as_ref());
}

/// A line for whoever watches.
pub fn note(text: impl AsRef<str>) {
    eprintln!("{}", text.as_ref());
}

/// An error, its chain, and what to do.
pub fn error(error: &Error) {
    let (red, bold, end) =
        if std::io::stderr().is_terminal() { ("\x1b[31m", "\x1b[1m", "\x1b[0m") } else { ("", "", "") };
    eprintln!("{red}error:{end} {error:#}");
    if let Some(hint) = error.remedy() {
        eprintln!("{bold}hint:{end} {hint}");
    }
}

/// Lines of cells, aligned in columns.
pub fn grid(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
