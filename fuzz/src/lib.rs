//! What the fuzz targets share: a request, and what must hold of every decoding.

// The decoder alone: building the whole of `transforms` with coverage would build a query engine for nothing.
#[allow(dead_code, unused_imports)]
#[path = "../../transforms/src/decode/mod.rs"]
pub mod decode;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use arrow::record_batch::RecordBatch;
use sellerlake_contracts::{Delivery, DeliveryId, META_VERSION, Scope};
use sellerlake_schemas::{Files, Findings, Format, Schemas, Source, add_built_in};

use decode::{Outcome, Request};

/// The declarations that come with the binary.
pub static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
    let mut files = Files::default();
    add_built_in(&mut files);
    Schemas::load(&files, &mut Findings::default())
});

/// The source that the first byte picks among those of a kind, and the rest of the bytes.
pub fn pick(bytes: &[u8], is_json: bool) -> Option<(&'static Source, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let of_kind = || SCHEMAS.sources.values().filter(|source| (source.format == Format::Json) == is_json);
    let source = of_kind().nth(usize::from(*first) % of_kind().count().max(1))?;
    Some((source.as_ref(), rest))
}

/// Decodes the bytes as an answer to a request for three days, and checks what must hold of any decoding.
pub fn decode_and_check(source: &Source, charset: Option<&str>, bytes: &[u8]) {
    let delivery = delivery(source, charset, bytes);
    let run = |threads| -> Option<(Outcome, Vec<RecordBatch>)> {
        let request = Request { source, delivery: &delivery, allow_personal_data: bytes.len() % 2 == 0, threads };
        let mut batches = Vec::new();
        let decoded = decode::decode(&request, bytes, &mut |batch| {
            batches.push(batch);
            Ok(())
        });
        decoded.ok().map(|outcome| (outcome, batches))
    };
    let Some((outcome, batches)) = run(1) else { return };
    let schema = decode::decoded_schema(source);
    assert!(batches.iter().all(|batch| batch.schema() == schema));
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(rows as u64, outcome.rows);
    assert!(outcome.rejects.len() as u64 <= outcome.rejected);
    assert!(outcome.refused.as_deref() != Some(""));
    // Starting threads costs more than decoding so little: one input in sixteen, by its bytes, pays for it.
    if bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) % 16 == 0 {
        assert_eq!(run(2), Some((outcome, batches)), "the number of threads shows");
    }
}

fn delivery(source: &Source, charset: Option<&str>, bytes: &[u8]) -> Delivery {
    let instant = |text: &str| text.parse().unwrap_or_default();
    Delivery {
        version: META_VERSION,
        id: DeliveryId::try_from("0".repeat(32)).unwrap_or_else(|error| panic!("{error}")),
        source: source.name.clone(),
        seller: "A1FUZZ".parse().unwrap_or_else(|error| panic!("{error}")),
        scope: Scope("ATVPDKIKX0DER".into()),
        marketplace: "ATVPDKIKX0DER".parse().ok(),
        window: "2026-03-01..2026-03-03".parse().ok(),
        options: BTreeMap::new(),
        as_of: Some(instant("2026-04-01T00:00:00Z")),
        fetched_at: instant("2026-04-02T00:00:00Z"),
        charset: charset.map(str::to_owned),
        sha256: "0".repeat(64),
        size_bytes: bytes.len() as u64,
        extension: "bin".into(),
        page_offsets: vec![0],
        origin: None,
        personal_data_until: None,
    }
}
