//! Whoever reads what a command says may go away in the middle (`2>&1 | head -5`): the work goes on to its end.

use std::io::{BufRead, BufReader};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::desk::Desk;

/// Long after the slowest of these commands ends on a busy machine.
const TOO_LONG: Duration = Duration::from_mins(4);

/// Runs a command of which only the first lines are read, data and words in one pipe.
fn run_unheard(desk: &Desk, arguments: &[&str], lines: usize) -> ExitStatus {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = desk.site.command(arguments);
    command.env("SELLERLAKE_LOG", "debug").stdout(writer.try_clone().unwrap()).stderr(writer);
    let child = command.spawn().unwrap();
    // The command holds the pipe's other end, and must be the only one to.
    drop(command);
    // The pipe is closed once so much is read.
    BufReader::new(reader).lines().take(lines).for_each(drop);
    ended(child, arguments)
}

fn ended(mut child: Child, arguments: &[&str]) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begun.elapsed() > TOO_LONG {
            child.kill().unwrap();
            panic!("{arguments:?} hangs when nobody listens");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_command_that_nobody_listens_to_does_its_work() {
    let desk = Desk::new(1);
    let evening = desk.simulator.clock().now();
    for (day, lines) in [0, 1, 5].into_iter().enumerate() {
        desk.wait_until(evening + TimeDelta::days(day as i64));
        let status = run_unheard(&desk, &["sync", "--pipeline", "all_orders,transactions,inventory"], lines);
        assert_eq!(status.code(), Some(0), "sync, {lines} lines read");
    }
    let loaded = desk.site.value("SELECT count(*) FROM meta.deliveries WHERE status = 'loaded'");
    assert_ne!(loaded, "0");
    let many = "SELECT * FROM orders CROSS JOIN generate_series(1, 50)";
    for (arguments, code) in [
        (&["sql", many][..], 0),
        (&["sql", "--format", "csv", many], 0),
        (&["sql", "SELECT nothing FROM orders"], 2),
        (&["tables"], 0),
        (&["sources"], 0),
        (&["coverage"], 0),
        (&["check"], 0),
        (&["account", "list"], 0),
        (&["verify"], 0),
        (&["replay"], 0),
        (&["rollup"], 0),
        (&["--help"], 0),
        (&["completions", "bash"], 0),
    ] {
        for lines in [0, 5] {
            let status = run_unheard(&desk, arguments, lines);
            assert_eq!(status.code(), Some(code), "{arguments:?}, {lines} lines read");
        }
    }
}
