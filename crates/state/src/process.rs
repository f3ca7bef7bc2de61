//! Who holds an account, told apart from every other process there ever was: nobody waits for one that died.

use std::io::ErrorKind;
use std::path::Path;
use std::{fmt, fs};

use chrono::{DateTime, Utc};

/// Stands between what a reader is told of a process and what tells it apart.
const SEPARATOR: &str = " #";

/// A process as leases name it. Prints as a reader wants it: number and machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    shown: String,
    mark: String,
}

impl Process {
    /// This process, which was started no later than `now`.
    pub fn this(now: DateTime<Utc>) -> Self {
        let pid = std::process::id();
        Self::of(pid).unwrap_or_else(|| Self {
            shown: shown(pid),
            // Where the system tells nothing of its processes, the next one may have the same number.
            mark: format!("?.{}", now.timestamp_micros()),
        })
    }

    /// A process that runs on this machine now; `None` if there is none, or the system doesn't tell.
    pub fn of(pid: u32) -> Option<Self> {
        let mark = format!("{}.{}", world()?, began(pid).ok()??);
        Some(Self { shown: shown(pid), mark })
    }

    /// The text a lease keeps: what its `Display` shows, and what makes it unmistakable.
    pub fn owner(&self) -> String {
        format!("{self}{SEPARATOR}{}", self.mark)
    }

    /// What to tell a reader of a lease's owner, whoever that is.
    pub(crate) fn told(owner: &str) -> &str {
        owner.split_once(SEPARATOR).map_or(owner, |(shown, _)| shown)
    }

    /// Whether a lease's owner was a process of this machine that runs no more. Of other machines, other containers
    /// and whatever isn't a process nobody can say so here.
    pub(crate) fn is_gone(owner: &str) -> bool {
        let parse = || {
            let (shown, mark) = owner.split_once(SEPARATOR)?;
            let pid = shown.split(' ').nth(1)?.parse().ok()?;
            Some((pid, mark.rsplit_once('.')?))
        };
        let Some((pid, (there, then))) = parse() else { return false };
        if world().as_deref() != Some(there) {
            return false;
        }
        match began(pid) {
            Ok(began) => began.is_none_or(|began| began.to_string() != then),
            // A system may hide what belongs to others; it shows process 1 if it doesn't.
            Err(error) => error.kind() == ErrorKind::NotFound && Path::new("/proc/1").exists(),
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

fn shown(pid: u32) -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match host.trim() {
        "" => format!("process {pid}"),
        host => format!("process {pid} on {host}"),
    }
}

/// Within which a process number means one process at a time: one start of one machine, and there one namespace, since
/// containers count their processes for themselves.
fn world() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = fs::read_link("/proc/self/ns/pid").ok()?;
    let digits: String = space.to_str()?.chars().filter(char::is_ascii_digit).collect();
    Some(format!("{}.{digits}", boot.trim()))
}

/// When a process was started, in ticks of the machine; `None` if it has ended and is only waiting to be noticed.
fn began(pid: u32) -> std::io::Result<Option<u64>> {
    let stat = fs::read(format!("/proc/{pid}/stat"))?;
    let stat = String::from_utf8_lossy(&stat);
    // The second field is a name in parentheses, which may hold both. The third is the state, the 22nd the start.
    let mut fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
    let is_over = matches!(fields.next(), None | Some("Z" | "X"));
    let started = fields.nth(18).and_then(|ticks| ticks.parse().ok());
    Ok(started.filter(|_| !is_over))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_of_this_machine_is_known_to_be_gone() {
        let owner = Process::this(DateTime::UNIX_EPOCH).owner();
        assert!(!Process::is_gone(&owner), "{owner}");
        assert!(Process::told(&owner).starts_with(&format!("process {}", std::process::id())), "{owner}");
        let (shown, mark) = owner.split_once(SEPARATOR).unwrap();
        let (world, began) = mark.rsplit_once('.').unwrap();
        assert!(Process::is_gone(&format!("{shown}{SEPARATOR}{world}.1{began}")), "its number came again");
        assert!(Process::is_gone(&format!("process 4194999 on here{SEPARATOR}{world}.7")), "no such number");
        for elsewhere in [&format!("{shown}{SEPARATOR}1{world}.7"), "worker 1", "process x #y", "", " #"] {
            assert!(!Process::is_gone(elsewhere), "{elsewhere}");
        }
    }
}
