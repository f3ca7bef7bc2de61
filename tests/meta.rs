//! The tables of `meta`: what they say, and to whom.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, Error, Kind, Region, Scope, SellerId, Window};
use sellerlake_pipelines::{Arrival, DeliveryFacts, Granted, LoadOptions, meta_tables};
use sellerlake_query::output::{OutputFormat, write};
use sellerlake_state::{JobError, JobPlan, JobStep, NewAccount, Priority, RunEnd, RunOutcome, SliceMark, SliceStatus};
use serde::Deserialize;

use crate::lab::{Lab, block_on};

/// `tests/cases/meta/NAME.toml`: a statement over the lake of [`two_sellers`].
#[derive(Deserialize)]
struct Case {
    /// Who asks; who may see every seller, where nobody is named.
    seller: Option<SellerId>,
    sql: String,
    rows: Vec<String>,
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn window() -> Window {
    "2026-03-01..2026-03-02".parse().unwrap()
}

/// Two sellers who have something to show in every table, and in nothing the same.
async fn two_sellers() -> Lab {
    let lab = Lab::new().await;
    for seller in ["A1", "B2"] {
        let seller: SellerId = seller.parse().unwrap();
        let account = AccountId::new(&seller, Region::Eu);
        arrive(&lab, &seller).await;
        pull(&lab, &account).await;
        let rebuilt = lab.workspace.rebuilding.rebuild(&seller, None, &sellerlake_pipelines::Silent).await.unwrap();
        assert!(rebuilt.failed.is_empty());
    }
    lab.workspace.state().begin_run(None, "tidying", at("2026-03-05T00:00:00Z")).await.unwrap();
    lab
}

/// A report with a row that can't be read, and columns that nobody declared.
async fn arrive(lab: &Lab, seller: &SellerId) {
    let mut text = format!(
        "return-date\torder-id\tsku\tasin\tfnsku\tquantity\tdetailed-disposition\tstatus\tmood of {seller}\tbuyer-email\n"
    );
    for number in 1..=30 {
        let quantity = if number == 30 { format!("two of {seller}") } else { "1".to_owned() };
        let day = if number == 30 { "2026-03-02" } else { "2026-03-01" };
        text.push_str(&format!(
            "{day}T10:00:00+00:00\t302-0000000-{number:07}\tMUG-{seller}\tB0MUGBLUE1\tX001ABCDEF\t{quantity}\tSELLABLE\t\
             Unit returned to inventory\tgood\ta@b.c\n"
        ));
    }
    let facts = DeliveryFacts {
        source: "fba_returns".to_owned(),
        seller: seller.clone(),
        scope: None,
        marketplace: None,
        window: Some("2026-03-01..2026-03-03".parse().unwrap()),
        as_of: Some(at("2026-03-20T00:00:00Z")),
        charset: None,
        options: BTreeMap::new(),
        allow_personal_data: false,
        origin: None,
    };
    let arrival = Arrival { name: "returns".into(), pages: vec![Box::new(Cursor::new(text))] };
    let landed = lab.workspace.loading.land(&facts, arrival).await.unwrap();
    lab.workspace.loading.load("fba_returns", vec![landed], &LoadOptions::default()).await.unwrap();
}

/// A request that failed and waits, an interval that is missing, and the run in which that happened.
async fn pull(lab: &Lab, account: &AccountId) {
    let (state, now) = (lab.workspace.state(), at("2026-03-04T12:00:00Z"));
    let (seller, scope) = (account.seller.clone(), Scope(account.region.to_string().to_uppercase()));
    let new = NewAccount { seller, region: account.region, application: "main".to_owned(), marketplaces: Vec::new() };
    state.add_account(&new, now).await.unwrap();
    let lease = state.acquire_lease(account, "worker", Duration::from_mins(5), now).await.unwrap();
    let run = state.begin_run(Some(account), "sync", now).await.unwrap();
    let plan = JobPlan {
        pipeline: "returns".to_owned(),
        scope: scope.clone(),
        window: Some(window()),
        key: String::new(),
        priority: Priority::Scheduled,
        not_before: now,
    };
    let mut leased = state.leased(&lease, now).await.unwrap();
    leased.plan(std::slice::from_ref(&plan)).await.unwrap();
    leased.commit().await.unwrap();
    let job = state.claim_job(&lease, &plan.id(account), now).await.unwrap().unwrap();
    let error = Error::transient(Kind::Remote, format!("Amazon is busy for {account}"));
    let until = at("2026-03-04T13:00:00Z");
    let mut leased = state.leased(&lease, now).await.unwrap();
    let retry = JobStep::Retry { until, checkpoint: None, error: JobError::from(&error) };
    assert!(leased.step(&job.id, &retry).await.unwrap());
    let mark = SliceMark { reason: Some(format!("{account} waits")), ..SliceMark::of(SliceStatus::Waiting) };
    leased.cover("returns", &scope, window(), mark).await.unwrap();
    leased.commit().await.unwrap();
    let end = RunEnd { outcome: RunOutcome::Partial, calls: 3, rows: 1, message: Some(format!("{account} in part")) };
    assert!(state.end_run(&run, &end, until).await.unwrap());
}

async fn asked(lab: &Lab, statement: &str, granted: &Granted) -> String {
    let answer = lab.workspace.asking.ask(statement, granted).await;
    let answer = answer.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    let mut out = Vec::new();
    write(answer, OutputFormat::Csv, &mut out).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    String::from_utf8(out).unwrap()
}

fn granted(seller: Option<&SellerId>) -> Granted {
    seller.map_or(Granted::All, |seller| Granted::Sellers([seller.clone()].into()))
}

#[test]
fn the_tables_of_meta_say_what_is_known() {
    block_on(async {
        let lab = two_sellers().await;
        let (mut shown, mut wrong) = (BTreeSet::new(), Vec::new());
        for path in fs::read_dir("../../tests/cases/meta").unwrap().map(|entry| entry.unwrap().path()) {
            let case: Case = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let answer = asked(&lab, &case.sql, &granted(case.seller.as_ref())).await;
            let rows: Vec<&str> = answer.lines().skip(1).collect();
            if rows != case.rows {
                wrong.push(format!("{}: {rows:#?}", path.display()));
            }
            shown.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        for table in meta_tables() {
            assert!(shown.contains(table.name), "tests/cases/meta/{}.toml is missing", table.name);
        }
    });
}

#[test]
fn nobody_sees_in_meta_what_is_anothers() {
    block_on(async {
        let lab = two_sellers().await;
        let (mine, theirs): (SellerId, SellerId) = ("A1".parse().unwrap(), "B2".parse().unwrap());
        let own = granted(Some(&mine));
        for table in meta_tables() {
            let all = format!("SELECT * FROM meta.{}", table.name);
            let seen = asked(&lab, &all, &own).await;
            assert!(seen.contains("A1") && !seen.contains("B2"), "meta.{}: {seen}", table.name);
            let both = asked(&lab, &all, &Granted::All).await;
            assert!(both.contains("A1") && both.contains("B2"), "meta.{}: {both}", table.name);
            // Whom a statement names is no way in.
            for condition in
                ["seller_id = 'B2'", "seller_id IN ('B2', 'C3')", "seller_id = '../B2' OR seller_id = 'B2'"]
            {
                let count = format!("SELECT count(*) FROM meta.{} WHERE {condition}", table.name);
                assert_eq!(asked(&lab, &count, &own).await.lines().last(), Some("0"), "meta.{}", table.name);
                assert_ne!(asked(&lab, &count, &Granted::All).await.lines().last(), Some("0"), "meta.{}", table.name);
            }
            let rest = format!("SELECT * FROM meta.{} WHERE seller_id = 'B2'", table.name);
            let rest = asked(&lab, &rest, &granted(Some(&theirs))).await;
            assert!(rest.contains("B2") && !rest.contains("A1"), "meta.{}: {rest}", table.name);
        }
        let own_runs = asked(&lab, "SELECT pipeline FROM meta.runs", &own).await;
        assert!(!own_runs.contains("tidying"), "what is of no account is for who may see everybody: {own_runs}");
    });
}

/// A catalogue that was read before is not answered from once it has moved, whoever moved it.
#[test]
fn what_changed_since_the_last_statement_is_seen() {
    block_on(async {
        let lab = two_sellers().await;
        let beside = Lab::beside(&lab).await;
        let seller: SellerId = "A1".parse().unwrap();
        let count = "SELECT count(*) AS n FROM sources.fba_returns";
        let rows = async |lab: &Lab, granted: &Granted| asked(lab, count, granted).await.replace('\n', " ");
        let own = granted(Some(&seller));
        let before = (rows(&beside, &own).await, rows(&beside, &Granted::All).await);
        assert_eq!(before, ("n 29 ".to_owned(), "n 58 ".to_owned()));
        let delivery = asked(&lab, "SELECT delivery_id FROM meta.deliveries", &own).await;
        let id = delivery.lines().last().unwrap().to_owned().try_into().unwrap();
        let record = lab.workspace.state().delivery(&id).await.unwrap().unwrap();
        lab.workspace.care.withdraw(&record, &sellerlake_pipelines::Silent).await.unwrap();
        let after = (rows(&beside, &own).await, rows(&beside, &Granted::All).await);
        assert_eq!(after, ("n 0 ".to_owned(), "n 29 ".to_owned()));
    });
}

/// What a statement doesn't name isn't read: there is nothing left to read it from.
#[test]
fn who_asks_for_nothing_reads_nothing() {
    block_on(async {
        let lab = two_sellers().await;
        let asking = lab.workspace.asking.clone();
        lab.workspace.state().close().await;
        for statement in [
            "SELECT 1",
            "SELECT count(*) FROM marketplaces",
            "SHOW TABLES",
            "EXPLAIN SELECT * FROM meta.deliveries",
            "DESCRIBE meta.rejects",
        ] {
            assert!(asked(&lab, statement, &Granted::All).await.lines().count() > 1, "{statement}");
        }
        for statement in ["SELECT * FROM orders", "SELECT * FROM meta.objects", "SELECT * FROM meta.runs"] {
            let answer = async { asking.ask(statement, &Granted::All).await?.collect().await }.await;
            assert!(answer.is_err(), "{statement}: {answer:?}");
        }
    });
}
