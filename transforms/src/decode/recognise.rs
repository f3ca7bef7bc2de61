//! Which source a document is of that isn't of the one it was said to be: for a hint.

use sellerlake_contracts::{Delivery, Window};
use sellerlake_schemas::{Format, Source};

use super::{DecodeRequest, json, text};

/// JSON documents longer than this are not tried as other sources.
const MAX_JSON_BYTES: usize = 16 << 20;

/// The names of those sources, other than the one that refused `bytes`, that would take them.
pub fn recognise<'s>(
    request: &DecodeRequest<'_>,
    bytes: &[u8],
    sources: impl Iterator<Item = &'s Source>,
) -> Vec<String> {
    let delivery = asking_for_everything(request.delivery);
    let takes = |source: &&Source| {
        let request = DecodeRequest { source, delivery: &delivery, threads: 1, ..*request };
        match source.format {
            Format::Tsv | Format::Csv => text::has_header_of(&request, bytes),
            Format::Json if bytes.len() > MAX_JSON_BYTES => false,
            Format::Json => json::decode(&request, bytes, &mut |_| Ok(()))
                .is_ok_and(|outcome| outcome.refused.is_none() && outcome.rows + outcome.outside_window > 0),
        }
    };
    let others = sources.filter(|source| source.name != request.source.name);
    others.filter(takes).map(|source| source.name.clone()).collect()
}

/// The delivery with everything that one of another source could have been asked with.
fn asking_for_everything(delivery: &Delivery) -> Delivery {
    let mut delivery = delivery.clone();
    let day = delivery.fetched_at.date_naive();
    delivery.as_of = delivery.as_of.or(Some(delivery.fetched_at));
    delivery.window = delivery.window.or_else(|| Window::of_days(day, day).ok());
    delivery
}
