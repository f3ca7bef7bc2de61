//! Sellers' parts of the catalogue: versions move with what is in them, and none is read with a part missing.

use sellerlake_contracts::{Kind, ObjectState};
use sellerlake_state::{CatalogueVersion, State};

use crate::lake::object;
use crate::place::{Place, on_both};
use crate::{now, seller};

on_both! {
    a_version_moves_with_every_change_and_with_nothing_else,
    entries_are_read_with_their_version,
    entries_that_are_hidden_are_missed,
    entries_of_earlier_versions_have_a_version,
}

const ORDERS: &str = "tables/orders/seller_id=A1/month=2026-03/data.parquet";
const FEES: &str = "tables/fees/seller_id=A1/month=2026-03/data.parquet";
const THEIRS: &str = "tables/orders/seller_id=B2/month=2026-03/data.parquet";

async fn version(state: &State) -> Option<CatalogueVersion> {
    state.catalogue_versions(Some(&seller("A1"))).await.unwrap().remove(&seller("A1"))
}

/// Runs what no caller of ours would.
async fn damage(place: &Place, text: &'static str) {
    if place.url.starts_with("sqlite") {
        let pool = sqlx::SqlitePool::connect(&place.url).await.unwrap();
        sqlx::raw_sql(text).execute(&pool).await.unwrap();
        pool.close().await;
    } else {
        let pool = sqlx::PgPool::connect(&place.url).await.unwrap();
        sqlx::raw_sql(text).execute(&pool).await.unwrap();
        pool.close().await;
    }
}

async fn a_version_moves_with_every_change_and_with_nothing_else(place: Place) {
    let state = place.open().await;
    assert_eq!(version(&state).await, None);
    let mut seen = Vec::new();
    let mut moved = async |state: &State, what: &str| {
        let version = version(state).await;
        assert!(version.is_some() && !seen.contains(&version), "{what}: {version:?} of {seen:?}");
        seen.push(version);
    };
    let (first, second) = (object(ORDERS, "h1"), object(ORDERS, "h2"));
    state.put_object(&first, now()).await.unwrap();
    moved(&state, "put").await;
    state.put_object(&second, now()).await.unwrap();
    moved(&state, "put over another").await;
    let made = ObjectState { input_hash: "other".to_owned(), ..second.clone() };
    assert_eq!(state.put_objects_if(&[(made.clone(), Some(second))], now()).await.unwrap(), [true]);
    moved(&state, "made from something else").await;
    state.put_objects(&[object(FEES, "h1")], now()).await.unwrap();
    moved(&state, "another object").await;
    assert!(state.remove_object(&object(FEES, "").partition).await.unwrap());
    moved(&state, "removed").await;
    state.replace_objects(std::slice::from_ref(&made), now()).await.unwrap();
    moved(&state, "replaced by the same").await;
    state.forget_seller(&seller("A1")).await.unwrap();
    moved(&state, "forgotten").await;
    state.put_object(&made, now()).await.unwrap();
    moved(&state, "put again").await;

    let before = version(&state).await;
    state.put_object(&made, now()).await.unwrap();
    assert_eq!(state.put_objects_if(&[(first, None)], now()).await.unwrap(), [false]);
    state.put_object(&object(THEIRS, "h1"), now()).await.unwrap();
    assert_eq!(version(&state).await, before, "the same again, a word that came late, another seller's");
}

async fn entries_are_read_with_their_version(place: Place) {
    let state = place.open().await;
    let mine = [object(FEES, "h1"), object(ORDERS, "h2")];
    state.put_objects(&mine, now()).await.unwrap();
    state.put_object(&object(THEIRS, "h3"), now()).await.unwrap();
    let read = state.catalogues(Some(&seller("A1"))).await.unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[&seller("A1")].objects, mine);
    assert_eq!(read[&seller("A1")].version, version(&state).await);
    let all = state.catalogues(None).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[&seller("A1")], read[&seller("A1")]);
    assert_eq!(all[&seller("B2")].objects, [object(THEIRS, "h3")]);
    assert_eq!(all.into_iter().map(|(seller, read)| (seller, read.version.unwrap())).collect::<Vec<_>>(), {
        state.catalogue_versions(None).await.unwrap().into_iter().collect::<Vec<_>>()
    });
    let nobody = state.catalogues(Some(&seller("C3"))).await.unwrap().remove(&seller("C3")).unwrap();
    assert_eq!((nobody.version, nobody.objects), (None, Vec::new()));
    assert!(state.knows_seller(&seller("A1")).await.unwrap());
    assert!(!state.knows_seller(&seller("C3")).await.unwrap());
}

async fn entries_that_are_hidden_are_missed(place: Place) {
    let state = place.open().await;
    state.put_objects(&[object(FEES, "h1"), object(ORDERS, "h2"), object(THEIRS, "h3")], now()).await.unwrap();
    // As damage does it: without telling.
    let untold = if place.url.starts_with("sqlite") {
        "DROP TRIGGER objects_removed; DELETE FROM objects WHERE name = 'fees'"
    } else {
        "DROP TRIGGER objects_told ON objects; DELETE FROM objects WHERE name = 'fees'"
    };
    damage(&place, untold).await;
    for asked in [Some(&seller("A1")), None] {
        let error = state.catalogues(asked).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Storage);
        assert!(format!("{error:#}").contains("the catalogue in the state database is damaged"), "{error:?}");
    }
    assert_eq!(state.catalogues(Some(&seller("B2"))).await.unwrap()[&seller("B2")].objects.len(), 1);
    damage(&place, "DELETE FROM catalogues WHERE seller = 'B2'").await;
    assert_eq!(state.catalogues(Some(&seller("B2"))).await.unwrap_err().kind(), Kind::Storage);
    damage(&place, "DELETE FROM objects WHERE seller = 'A1'").await;
    assert_eq!(state.catalogues(None).await.unwrap_err().kind(), Kind::Storage);
}

async fn entries_of_earlier_versions_have_a_version(place: Place) {
    let state = place.open().await;
    state.put_objects(&[object(FEES, "h1"), object(ORDERS, "h2")], now()).await.unwrap();
    let expected = state.catalogues(Some(&seller("A1"))).await.unwrap();
    state.close().await;
    // Back to before there were versions.
    let back = if place.url.starts_with("sqlite") {
        "DROP TRIGGER objects_added; DROP TRIGGER objects_changed; DROP TRIGGER objects_removed;
         DROP TABLE catalogues; DELETE FROM migrations WHERE number >= 7"
    } else {
        "DROP TRIGGER objects_told ON objects; DROP FUNCTION tell_catalogue;
         DROP TABLE catalogues; DELETE FROM migrations WHERE number >= 7"
    };
    damage(&place, back).await;
    let state = place.open().await;
    let read = state.catalogues(Some(&seller("A1"))).await.unwrap();
    assert_eq!(read[&seller("A1")].objects, expected[&seller("A1")].objects);
    assert!(read[&seller("A1")].version.is_some());
}
