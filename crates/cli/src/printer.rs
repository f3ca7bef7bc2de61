//! The only place that writes: data to standard output, words to standard error.

use std::error::Error as StdError;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use sellerlake_contracts::{Error, Kind, printable};

use crate::closed;

/// Whether there was any data.
static SAID: AtomicBool = AtomicBool::new(false);
/// Why data could not be written, the first time.
static UNWRITTEN: OnceLock<io::Error> = OnceLock::new();

/// A line of data for people. What can't be written is told at the end by [`finish`].
pub fn line(text: impl AsRef<str>) {
    raw(printable(text.as_ref()));
}

/// Data for programs, as it is.
pub fn raw(text: impl AsRef<str>) {
    SAID.store(true, Ordering::Relaxed);
    if UNWRITTEN.get().is_none()
        && let Err(error) = writeln!(io::stdout(), "{}", text.as_ref())
    {
        let _ = UNWRITTEN.set(error);
    }
}

/// Whether all lines of data were written. A reader that went away (`| head`) is no failure of ours.
pub fn finish() -> Result<(), Error> {
    if SAID.load(Ordering::Relaxed) {
        closed::refuse()?;
    }
    let flushed = io::stdout().flush();
    let error = UNWRITTEN.get().map(ToString::to_string).zip(UNWRITTEN.get().map(io::Error::kind));
    match error.or_else(|| flushed.err().map(|error| (error.to_string(), error.kind()))) {
        Some((cause, kind)) if kind != ErrorKind::BrokenPipe => {
            Err(Error::permanent(Kind::Storage, "the answer can't be written").with("cause", cause))
        }
        _ => Ok(()),
    }
}

/// Whether an error is that of a reader who went away.
pub fn is_unread(error: &Error) -> bool {
    let mut next = Some(error as &(dyn StdError + 'static));
    while let Some(cause) = next {
        if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe) {
            return true;
        }
        next = cause.source();
    }
    // A library on the way may have kept the words alone.
    error.message() == "the answer can't be written" && format!("{error:#}").contains("Broken pipe")
}

/// A line for whoever watches.
pub fn note(text: impl AsRef<str>) {
    say(&printable(text.as_ref()));
}

fn say(text: &str) {
    // Without anybody to read them, words are no reason to stop.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Several lines, each of them printable.
fn lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// Arguments that can't be understood, in clap's words; asked for help or the version, it prints these.
pub fn refused(error: &clap::Error) -> std::process::ExitCode {
    let words = error.render().to_string();
    if !error.use_stderr() || lines(&words) == words {
        error.exit();
    }
    say(lines(&words).trim_end());
    std::process::ExitCode::from(2)
}

/// So many of something: `1 row`, `2 rows`.
pub fn count(number: u64, what: &str) -> String {
    match (number, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {what}s"),
    }
}

/// An error, its chain, and what to do.
pub fn error(error: &Error) {
    told("", error);
}

/// The same, of somebody in particular.
pub fn error_of(whose: impl std::fmt::Display, error: &Error) {
    told(&format!("{whose}: "), error);
}

fn told(whose: &str, error: &Error) {
    let (red, bold, end) =
        if std::io::stderr().is_terminal() { ("\x1b[31m", "\x1b[1m", "\x1b[0m") } else { ("", "", "") };
    say(&format!("{}{red}error:{end} {}", printable(whose), lines(&format!("{error:#}"))));
    // Of no use to who wrote a wrong word, and the first thing asked of who reports the rest.
    if !error.operations().is_empty() && !matches!(error.kind(), Kind::Usage | Kind::Declaration | Kind::Query) {
        say(&format!("   at: {}", error.operations().join(", in ")));
    }
    if let Some(hint) = error.remedy() {
        say(&format!("{bold}hint:{end} {}", lines(hint)));
    }
}

/// Lines of cells, aligned in columns.
pub fn grid(rows: &[Vec<String>]) {
    let rows: Vec<Vec<_>> = rows.iter().map(|row| row.iter().map(|cell| printable(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
