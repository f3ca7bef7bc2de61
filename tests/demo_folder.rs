//! The directory a demo works in: never one of somebody else's, never two demos at once, and nothing lost in it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::desk::words;
use crate::site::BINARY;

fn demo(directory: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("demo").arg(directory).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// A demo that is stopped when the test is over.
struct Demo(Child);

impl Demo {
    /// Runs until the lake was made.
    fn begin(directory: &Path) -> Self {
        let mut demo = Self(self::demo(directory).spawn().unwrap());
        let mut said = String::new();
        let mut reader = BufReader::new(demo.0.stderr.take().unwrap());
        while !said.contains("the lake is in") {
            assert!(reader.read_line(&mut said).unwrap() > 0, "{said}");
        }
        // Somebody has to listen, or it would stop at what it can't say.
        std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        demo
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn assert_refused(output: &Output, says: &[&str]) {
    let said = words(output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in says {
        assert!(said.contains(part), "expected {part:?} in\n{said}");
    }
}

#[test]
fn a_demo_refuses_a_directory_that_no_demo_made() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lake")).unwrap();
    fs::write(folder.path().join("lake/mine.txt"), "mine").unwrap();
    let output = demo(folder.path()).arg("--exit").output().unwrap();
    assert_refused(&output, &["the directory isn't empty, and no demo made it", "hint: name a new directory"]);
    assert_eq!(fs::read_to_string(folder.path().join("lake/mine.txt")).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let file = folder.path().join("lake/mine.txt");
    assert_eq!(demo(&file).output().unwrap().status.code(), Some(1));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_demo_leaves_a_running_ones_lake_alone_and_whatever_isnt_a_demos() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let first = Demo::begin(folder.path());
    fs::write(path("notes.txt"), "mine").unwrap();
    fs::write(path("lake/of-the-first"), "").unwrap();
    let output = demo(folder.path()).output().unwrap();
    assert_refused(&output, &["another demo is running in this directory", "hint: stop it, or name another directory"]);
    assert!(path("lake/of-the-first").exists());
    drop(first);
    let _second = Demo::begin(folder.path());
    assert!(path("sellerlake.toml").exists() && !path("lake/of-the-first").exists());
    assert_eq!(fs::read_to_string(path("notes.txt")).unwrap(), "mine");
}
