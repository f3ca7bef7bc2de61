//! Secrets go in and come out, and are nowhere in between.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use sellerlake_contracts::{Kind, Secret};
use sellerlake_state::{AlertKind, Condition, KeyFile, Vault, VaultKey};

use crate::place::{Place, on_both};
use crate::{account, add, later, now, seller};

on_both! {
    a_secret_comes_back_and_nothing_else_opens_it,
    a_planted_secret_is_nowhere_on_disk,
    rotation_leaves_nothing_of_the_old_key,
    a_rotation_that_was_cut_short_is_finished,
    a_key_file_is_made_once_and_for_its_owner_alone,
    a_removed_account_takes_its_secrets_along,
    the_given_key_comes_before_the_file,
}

const PLANTED: &str = "Atzr|planted+refresh/token=with&odd characters ü 5f8e2c";

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn key_file(place: &Place) -> KeyFile {
    KeyFile::at(place.folder.path().join("state.key"))
}

async fn a_secret_comes_back_and_nothing_else_opens_it(place: Place) {
    let state = place.open().await;
    let key = VaultKey::generate().unwrap();
    let vault = Vault::open(&state, key.clone()).await.unwrap();
    assert_eq!(vault.get("A1-na", "refresh_token").await.unwrap(), None);
    for text in ["first", PLANTED, ""] {
        vault.put("A1-na", "refresh_token", &secret(text), now()).await.unwrap();
        assert_eq!(vault.get("A1-na", "refresh_token").await.unwrap(), Some(secret(text)));
    }
    vault.put("A1-na", "client_secret", &secret("other"), now()).await.unwrap();
    assert_eq!(vault.fields("A1-na").await.unwrap(), ["client_secret", "refresh_token"]);
    let refused = Vault::open(&state, VaultKey::generate().unwrap()).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Usage);
    // A row that is moved to another place, or changed, can't be opened.
    execute(&place, "UPDATE vault SET owner = 'B2-na' WHERE field = 'refresh_token'").await;
    let moved = vault.get("B2-na", "refresh_token").await.unwrap_err();
    assert_eq!((moved.kind(), moved.message()), (Kind::Storage, "a secret in the vault is damaged or was moved"));
    execute(&place, "UPDATE vault SET sealed = 'AAAA' WHERE field = 'client_secret'").await;
    assert!(vault.get("A1-na", "client_secret").await.is_err());
    assert!(vault.remove("A1-na", "client_secret").await.unwrap());
    assert!(!vault.remove("A1-na", "client_secret").await.unwrap());
}

async fn a_planted_secret_is_nowhere_on_disk(place: Place) {
    let state = place.open().await;
    let vault = Vault::open(&state, VaultKey::generate().unwrap()).await.unwrap();
    for turn in 0..20 {
        vault.put(&format!("A{turn}-na"), "refresh_token", &secret(PLANTED), now()).await.unwrap();
    }
    vault.remove("A3-na", "refresh_token").await.unwrap();
    let canary = Condition::of_seller(AlertKind::Load, &seller("A1"), "canary");
    state.raise_alert(&canary, "x", "written-in-the-clear", now()).await.unwrap();
    let written = place.written().await;
    assert!(holds(&written, b"written-in-the-clear").is_some(), "the search finds what is there");
    assert!(holds(&written, b"refresh_token").is_some());
    for form in forms(PLANTED) {
        assert_eq!(holds(&written, &form), None, "{}", String::from_utf8_lossy(&form));
    }
    state.close().await;
    let written = place.written().await;
    for form in forms(PLANTED) {
        assert_eq!(holds(&written, &form), None, "after closing");
    }
}

/// The text plain, URL-encoded, and in base64 wherever it may begin in a longer text.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let encoded: String = url_encoded(text);
    let mut forms = vec![text.as_bytes().to_vec(), encoded.clone().into_bytes(), encoded.to_lowercase().into_bytes()];
    for engine in [STANDARD, URL_SAFE] {
        for before in 0..3 {
            let padded = [&b"xx"[..before], text.as_bytes()].concat();
            let whole = engine.encode(&padded);
            // Without the ends, which depend on what stands beside it.
            forms.push(whole.as_bytes()[4..whole.len() - 4].to_vec());
        }
    }
    forms
}

fn url_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn holds(written: &[(PathBuf, Vec<u8>)], needle: &[u8]) -> Option<PathBuf> {
    let needle = memchr::memmem::Finder::new(needle);
    written.iter().find(|(_, bytes)| needle.find(bytes).is_some()).map(|(path, _)| path.clone())
}

async fn rotation_leaves_nothing_of_the_old_key(place: Place) {
    let state = place.open().await;
    let [old, new] = [VaultKey::generate().unwrap(), VaultKey::generate().unwrap()];
    let mut vault = Vault::open(&state, old.clone()).await.unwrap();
    vault.put("A1-na", "refresh_token", &secret("one"), now()).await.unwrap();
    vault.put("B2-na", "refresh_token", &secret("two"), now()).await.unwrap();
    let elsewhere = Vault::open(&state, old.clone()).await.unwrap();
    assert_eq!(vault.rotate(new.clone(), later(1)).await.unwrap(), 2);
    assert_eq!(vault.get("B2-na", "refresh_token").await.unwrap(), Some(secret("two")));
    for refused in [
        elsewhere.get("A1-na", "refresh_token").await.map(drop),
        elsewhere.put("A1-na", "refresh_token", &secret("x"), later(2)).await,
        elsewhere.clone().rotate(VaultKey::generate().unwrap(), later(2)).await.map(drop),
        Vault::open(&state, old).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().kind(), Kind::Usage);
    }
    let again = Vault::open(&state, new).await.unwrap();
    assert_eq!(again.get("A1-na", "refresh_token").await.unwrap(), Some(secret("one")));
}

async fn a_rotation_that_was_cut_short_is_finished(place: Place) {
    let state = place.open().await;
    let file = key_file(&place);
    let next = place.folder.path().join("state.key.next");
    let mut vault = Vault::open_with_file(&state, file.clone()).await.unwrap();
    vault.put("A1-na", "refresh_token", &secret("one"), now()).await.unwrap();
    let old = std::fs::read(file.path()).unwrap();
    vault.rotate(VaultKey::generate().unwrap(), now()).await.unwrap();
    assert!(!next.exists());
    assert_eq!(open_and_read(&place, &file).await, "one");
    // As if the process had died between the commit and the file.
    std::fs::rename(file.path(), &next).unwrap();
    write_key(file.path(), &old);
    assert_eq!(open_and_read(&place, &file).await, "one");
    assert!(!next.exists());
    // As if it had died before the commit.
    write_key(&next, &old);
    assert_eq!(open_and_read(&place, &file).await, "one");
    std::fs::remove_file(file.path()).unwrap();
    let lost = Vault::open_with_file(&state, file.clone()).await.unwrap_err();
    assert_eq!(lost.kind(), Kind::Usage);
    assert!(!file.path().exists(), "a new key would open nothing");
}

async fn open_and_read(place: &Place, file: &KeyFile) -> String {
    let vault = Vault::open_with_file(&place.open().await, file.clone()).await.unwrap();
    vault.get("A1-na", "refresh_token").await.unwrap().unwrap().expose().to_owned()
}

fn write_key(path: &std::path::Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

async fn a_key_file_is_made_once_and_for_its_owner_alone(place: Place) {
    let state = place.open().await;
    let file = key_file(&place);
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let (state, file) = (state.clone(), file.clone());
        tasks.push(tokio::spawn(async move {
            Vault::open_with_file(&state, file).await.map(|vault| vault.key_id().to_owned())
        }));
    }
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap().unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "all use the one that stands");
    assert_eq!(std::fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = Vault::open_with_file(&state, file.clone()).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Usage);
    assert!(refused.remedy().unwrap().contains("chmod 600"), "{refused:?}");
    write_key(file.path(), b"bm90IGEga2V5");
    let refused = Vault::open_with_file(&state, file).await.unwrap_err();
    assert!(!format!("{refused:?}").contains("bm90"), "{refused:?}");
}

async fn a_removed_account_takes_its_secrets_along(place: Place) {
    let state = place.open().await;
    add(&state, "A1").await;
    let vault = Vault::open(&state, VaultKey::generate().unwrap()).await.unwrap();
    vault.put(&account().to_string(), "refresh_token", &secret("one"), now()).await.unwrap();
    state.remove_account(&account(), now()).await.unwrap();
    assert!(vault.fields(&account().to_string()).await.unwrap().is_empty());
}

async fn the_given_key_comes_before_the_file(place: Place) {
    let state = place.open().await;
    let given = secret("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
    let vault = Vault::unlock(&state, Some(&given), key_file(&place)).await.unwrap();
    assert_eq!(vault.key_id(), VaultKey::from_base64(&given).unwrap().id());
    assert!(!key_file(&place).path().exists());
    vault.put("main", "client_secret", &secret("one"), now()).await.unwrap();
    let refused = Vault::unlock(&state, None, key_file(&place)).await.unwrap_err();
    assert!(refused.to_string().contains("another key"), "{refused}");
    for short in ["", "AAEC", "geheim!"] {
        let refused = Vault::unlock(&state, Some(&secret(short)), key_file(&place)).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Usage);
        assert!(!format!("{refused:?}").contains("geheim"));
    }
}

async fn execute(place: &Place, text: &'static str) {
    if place.url.starts_with("sqlite") {
        let pool = sqlx::SqlitePool::connect(&place.url).await.unwrap();
        sqlx::query(text).execute(&pool).await.unwrap();
    } else {
        let pool = sqlx::PgPool::connect(&place.url).await.unwrap();
        sqlx::query(text).execute(&pool).await.unwrap();
    }
}
