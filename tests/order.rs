//! The order of arrival never matters, and neither does doing it twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use sellerlake_contracts::Partition;

use crate::lab::{Contents, Lab, Paper, assert_equal, block_on};
use crate::papers::{Dice, papers};

/// How many seeds are tried; `SELLERLAKE_CASES` says otherwise.
const CASES: u64 = 4;

fn cases() -> u64 {
    std::env::var("SELLERLAKE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES)
}

/// Each source's deliveries at once, then one rebuild: what everything else is compared with.
async fn in_one_go(papers: &[Paper]) -> Contents {
    let lab = Lab::new().await;
    let mut sources: Vec<&str> = papers.iter().map(|paper| paper.source).collect();
    sources.sort_unstable();
    sources.dedup();
    for source in sources {
        let group: Vec<&Paper> = papers.iter().filter(|paper| paper.source == source).collect();
        lab.load(&group).await;
    }
    lab.rebuild(None).await;
    lab.assert_sound().await;
    lab.contents()
}

/// Twice each, in any order, alone or in groups, tables brought up to date now and then.
async fn in_disorder(papers: &[Paper], dice: &mut Dice) -> Lab {
    let lab = Lab::new().await;
    let mut waiting: Vec<&Paper> = papers.iter().chain(papers).collect();
    dice.shuffle(&mut waiting);
    let mut touched: Vec<Partition> = Vec::new();
    while let Some(next) = waiting.pop() {
        let mut group = vec![next];
        for _ in 0..dice.below(4) {
            // The same delivery may be in a group twice.
            if let Some(index) = waiting.iter().rposition(|paper| paper.source == next.source) {
                group.push(waiting.remove(index));
            }
        }
        touched.extend(lab.load(&group).await.touched);
        if dice.once_in(6) {
            lab.rebuild(Some(&touched)).await;
            touched.clear();
        }
    }
    lab.rebuild(Some(&touched)).await;
    lab
}

async fn try_seed(seed: u64) {
    let papers = papers(seed);
    let mut dice = Dice::new(!seed);
    let expected = in_one_go(&papers).await;
    assert!(expected.len() > 20, "seed {seed}: only {} objects have rows", expected.len());

    let lab = in_disorder(&papers, &mut dice).await;
    assert_equal(&lab.contents(), &expected, &format!("seed {seed}, in disorder"));
    lab.assert_sound().await;

    let before = lab.identities();
    for paper in &papers {
        lab.load(&[paper]).await;
    }
    assert_eq!(lab.rebuild(None).await.rewritten, [], "seed {seed}: nothing new came");
    assert_eq!(lab.identities(), before, "seed {seed}: nothing new came");
    let ids: BTreeSet<_> =
        papers.iter().map(|paper| (paper.source, &paper.text, &paper.as_of, &paper.window)).collect();
    assert_eq!(lab.landed(), ids.len(), "seed {seed}: a delivery is landed once, whenever and however often it comes");
    assert_equal(&lab.contents(), &expected, &format!("seed {seed}, a third time"));

    let again = Lab::with_raw_of(&lab).await;
    again.replay().await;
    assert_equal(&again.contents(), &expected, &format!("seed {seed}, replayed into an empty lake"));
    again.assert_sound().await;

    lab.replay().await;
    assert_equal(&lab.contents(), &expected, &format!("seed {seed}, replayed in place"));
    assert_eq!(lab.identities(), before, "seed {seed}: a replay brings nothing new");
}

/// Hands in what is its share, bringing tables up to date now and then.
async fn work(lab: Lab, papers: Arc<Vec<Paper>>, share: Vec<usize>, mut dice: Dice) {
    for index in share {
        let touched = lab.load(&[&papers[index]]).await.touched;
        if dice.once_in(8) {
            lab.rebuild(Some(&touched)).await;
        }
    }
    lab.rebuild(None).await;
}

async fn try_side_by_side(seed: u64, workers: usize) {
    let papers = Arc::new(papers(seed));
    let expected = in_one_go(&papers).await;
    let mut dice = Dice::new(seed ^ 0xff);
    let lab = Lab::new().await;
    let mut working = Vec::new();
    for worker in 0..workers {
        // Every delivery is handed in by two of them.
        let mut share: Vec<usize> =
            (0..papers.len()).filter(|index| [index % workers, (index + 1) % workers].contains(&worker)).collect();
        dice.shuffle(&mut share);
        let dice = Dice::new(seed * 31 + worker as u64);
        working.push(tokio::spawn(work(Lab::beside(&lab).await, Arc::clone(&papers), share, dice)));
    }
    for worker in working {
        worker.await.unwrap();
    }
    lab.assert_sound().await;
    assert_eq!(lab.rebuild(None).await.computed, [], "seed {seed}: the last of them left nothing stale");
    assert_equal(&lab.contents(), &expected, &format!("seed {seed}, {workers} side by side"));
}

/// Writers that swap one partition in turn also tell the catalogue in turn, or somebody's older word would stand.
#[test]
fn the_catalogue_knows_whoever_swapped_last() {
    block_on(async {
        let first = Lab::new().await;
        let labs = [Arc::new(Lab::beside(&first).await), Arc::new(Lab::beside(&first).await), Arc::new(first)];
        for round in 0..cases() * 6 {
            let mut working = Vec::new();
            for (worker, lab) in labs.iter().cloned().enumerate() {
                let mut papers = papers(1000 + round * 3 + worker as u64);
                papers.truncate(4);
                working.push(tokio::spawn(async move { drop(lab.load(&papers.iter().collect::<Vec<_>>()).await) }));
            }
            for worker in working {
                worker.await.unwrap();
            }
            labs[0].assert_sound_but_behind().await;
        }
    });
}

#[test]
fn work_side_by_side_ends_the_same() {
    block_on(async {
        for seed in 100..100 + cases().div_ceil(2) {
            try_side_by_side(seed, 3).await;
        }
    });
}

#[test]
fn order_of_arrival_and_repetition_never_matter() {
    block_on(async {
        for seed in 0..cases() {
            try_seed(seed).await;
        }
    });
}
