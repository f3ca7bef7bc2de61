//! Amazon's static sandbox: the documented request of each operation in use. No real data comes back; what is shown is
//! that sign-in, addresses and reading answers work.

use sellerlake_contracts::{Error, Kind};

use crate::ask::Sample;
use crate::call::Caller;
use crate::check::{CheckFinding, finding};
use crate::table::TABLE;

/// Tries every operation of every connector that the sandbox has a static answer for.
pub(crate) async fn check(caller: &Caller) -> Vec<CheckFinding> {
    let mut findings = Vec::new();
    for Sample { ask, holds } in TABLE.iter().flat_map(|row| (row.samples)()) {
        let answered = caller.call(&ask).await.and_then(|reply| match reply.json.pointer(holds) {
            Some(_) => Ok("answers as documented".to_owned()),
            None => Err(Error::permanent(Kind::Remote, "the answer lacks what the documentation shows")
                .with("pointer", holds)
                .into()),
        });
        findings.push(finding(ask.operation.name, answered));
    }
    findings
}
