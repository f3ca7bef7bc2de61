//! Intervals against a model that knows each minute by itself.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

const MINUTES: usize = 60;

fn at(minute: usize) -> DateTime<Utc> {
    "2026-03-05T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute as i64)
}

fn window(from: usize, to: usize) -> Window {
    Window { from: at(from), to: at(to) }
}

fn delivery(name: u8) -> DeliveryId {
    format!("{name:032x}").try_into().unwrap()
}

fn mark() -> impl Strategy<Value = SliceMark> {
    let status = prop::sample::select(SliceStatus::ALL);
    let reason = prop::option::of(Just("late".to_owned()));
    let checkpoint = prop::option::weighted(0.2, Just("report 7".to_owned()));
    let name = prop::option::of((0..2_u8).prop_map(delivery));
    (status, reason, checkpoint, name).prop_map(|(status, reason, checkpoint, delivery)| SliceMark {
        reason,
        delivery,
        checkpoint,
        ..SliceMark::of(status)
    })
}

fn span() -> impl Strategy<Value = (usize, usize)> {
    (0..MINUTES - 1).prop_flat_map(|from| (Just(from), from + 1..=MINUTES))
}

fn nameless(mark: &SliceMark) -> SliceMark {
    SliceMark { delivery: None, ..mark.clone() }
}

/// What `slices` say of each minute, without the delivery.
fn by_minute(slices: &[Slice]) -> Vec<Option<SliceMark>> {
    let said = |minute: usize| {
        let mut hits = slices.iter().filter(|slice| slice.window.from <= at(minute) && at(minute) < slice.window.to);
        let hit = hits.next().map(|slice| nameless(&slice.mark));
        assert!(hits.next().is_none(), "two slices say something of minute {minute}");
        hit
    };
    (0..MINUTES).map(said).collect()
}

proptest! {
    #[test]
    fn the_last_word_on_each_minute_stands(said in prop::collection::vec((span(), mark()), 1..24)) {
        let mut model: Vec<Option<SliceMark>> = vec![None; MINUTES];
        let mut slices = Vec::new();
        for (turn, ((from, to), mark)) in said.into_iter().enumerate() {
            model[from..to].fill(Some(nameless(&mark)));
            let new = Slice { window: window(from, to), mark, updated_at: at(turn) };
            slices = overlay(&slices, &new);
            prop_assert_eq!(&by_minute(&slices), &model);
            prop_assert_eq!(&overlay(&slices, &new).iter().map(|slice| slice.window).collect::<Vec<_>>(),
                &slices.iter().map(|slice| slice.window).collect::<Vec<_>>(), "twice is once");
            for pair in slices.windows(2) {
                prop_assert!(pair[0].window.to <= pair[1].window.from, "sorted");
                prop_assert!(!pair[0].continues_in(&pair[1]), "as few as can be");
            }
        }
    }
}

#[test]
fn neighbours_that_say_the_same_become_one_and_name_no_delivery() {
    let said = |from, to, mark| Slice { window: window(from, to), mark, updated_at: at(from) };
    let first = overlay(&[], &said(0, 10, SliceMark::loaded(delivery(1))));
    let same = overlay(&first, &said(10, 20, SliceMark::loaded(delivery(1))));
    assert_eq!(same, [Slice { updated_at: at(10), ..said(0, 20, SliceMark::loaded(delivery(1))) }]);
    let other = overlay(&same, &said(20, 30, SliceMark::loaded(delivery(2))));
    assert_eq!(other, [Slice { updated_at: at(20), ..said(0, 30, SliceMark::of(SliceStatus::Loaded)) }]);
    let failed = overlay(&[], &said(0, 10, SliceMark::of(SliceStatus::Failed)));
    assert_eq!(overlay(&failed, &said(10, 20, SliceMark::of(SliceStatus::Failed))).len(), 2, "each can be tried alone");
}
