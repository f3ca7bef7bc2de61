//! The vault: tokens and client secrets, encrypted and authenticated, bound to their place.

use std::fmt;

use aes_gcm::aead::{Aead, Generate, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use sellerlake_contracts::{Error, Kind, Result, Secret};
use sha2::{Digest, Sha256};

use crate::pool::Transaction;
use crate::statement::{On, Row, sql};
use crate::{KeyFile, State};
use sellerlake_contracts::wipe;

const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 12;

/// The key everything in the vault is encrypted with. Prints as its id.
#[derive(Clone)]
pub struct VaultKey {
    bytes: [u8; KEY_LEN],
    id: String,
}

impl VaultKey {
    /// A new key, from the system's randomness.
    pub fn generate() -> Result<Self> {
        let mut bytes = <[u8; KEY_LEN]>::try_generate().map_err(|error| {
            Error::permanent(Kind::Storage, "the system has no randomness to make a key of")
                .at("key.create")
                .source(error)
        })?;
        let key = Self::of(bytes);
        wipe(&mut bytes);
        Ok(key)
    }

    /// Reads a key: base64 of 32 bytes, as in `SELLERLAKE_KEY`.
    pub fn from_base64(text: &Secret) -> Result<Self> {
        let refused = || {
            Error::permanent(Kind::Usage, "the key is not 32 bytes in base64").at("key.read").hint(
                "give the key the secrets were stored with; a new one (head -c 32 /dev/urandom | base64) opens nothing \
                 that was stored before",
            )
        };
        let mut decoded = BASE64.decode(text.expose().trim()).map_err(|_| refused())?;
        let bytes: Result<[u8; KEY_LEN], _> = decoded.as_slice().try_into();
        let key = bytes.map(Self::of).map_err(|_| refused());
        wipe(&mut decoded);
        key
    }

    /// Names the key without giving anything of it away.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn to_base64(&self) -> Vec<u8> {
        BASE64.encode(self.bytes).into_bytes()
    }

    fn of(bytes: [u8; KEY_LEN]) -> Self {
        let hash = Sha256::new().chain_update(b"sellerlake vault key id").chain_update(bytes).finalize();
        Self { bytes, id: hash[..8].iter().map(|byte| format!("{byte:02x}")).collect() }
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&self.bytes.into())
    }

    /// Nonce and ciphertext, in base64. The place is authenticated with it: a row that is moved can't be opened.
    fn seal(&self, owner: &str, field: &str, secret: &Secret) -> Result<String> {
        let failed = || Error::permanent(Kind::Internal, "the secret can't be encrypted").at("vault.seal");
        let nonce = <[u8; NONCE_LEN]>::try_generate().map_err(|error| failed().source(error))?;
        let payload = Payload { msg: secret.expose().as_bytes(), aad: &place(owner, field) };
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), payload).map_err(|_| failed())?;
        Ok(BASE64.encode([nonce.as_slice(), &sealed].concat()))
    }

    fn open(&self, owner: &str, field: &str, sealed: &str) -> Result<Secret> {
        let damaged = || {
            Error::permanent(Kind::Storage, "a secret in the vault is damaged or was moved")
                .at("vault.open")
                .with("owner", owner)
                .with("field", field)
                .hint("restore the state from a backup, or authorise the account again")
        };
        let bytes = BASE64.decode(sealed).map_err(|_| damaged())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>().ok_or_else(damaged)?;
        let payload = Payload { msg: sealed, aad: &place(owner, field) };
        let opened = self.cipher().decrypt(&Nonce::from(*nonce), payload).map_err(|_| damaged())?;
        Secret::from_bytes(opened).ok_or_else(damaged)
    }
}

/// Lengths first, so that no two places read alike.
fn place(owner: &str, field: &str) -> Vec<u8> {
    format!("sellerlake vault 1\n{}\n{owner}\n{}\n{field}", owner.len(), field.len()).into_bytes()
}

impl Drop for VaultKey {
    fn drop(&mut self) {
        wipe(&mut self.bytes);
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultKey({})", self.id)
    }
}

/// Secrets by owner (an account's id, or an application's name) and field (`refresh_token`). The only way in and
/// out: nothing secret is ever stored in the clear.
#[derive(Debug, Clone)]
pub struct Vault {
    state: State,
    key: VaultKey,
    file: Option<KeyFile>,
}

impl Vault {
    /// Opens the vault with the key that was given, as base64 in `SELLERLAKE_KEY`, or else with the one in the file.
    pub async fn unlock(state: &State, given: Option<&Secret>, file: KeyFile) -> Result<Self> {
        match given {
            Some(given) => Self::open(state, VaultKey::from_base64(given)?).await,
            None => Self::open_with_file(state, file).await,
        }
    }

    /// Opens the vault with a key. Any key opens an empty vault; one that holds something wants its own.
    pub async fn open(state: &State, key: VaultKey) -> Result<Self> {
        match current_key("vault.unlock", state.reader()).await? {
            Some(current) if current != key.id => Err(wrong_key("vault.unlock", &current, &key.id)),
            _ => Ok(Self { state: state.clone(), key, file: None }),
        }
    }

    /// Opens the vault with the key in a file, which is made if the vault is empty. A change of the key that was
    /// cut short is finished.
    pub async fn open_with_file(state: &State, file: KeyFile) -> Result<Self> {
        const OPERATION: &str = "vault.unlock";
        let current = current_key(OPERATION, state.reader()).await?;
        let key = match (file.read()?, current) {
            (None, None) => file.create()?,
            (Some(key), None) => key,
            (Some(key), Some(current)) if key.id == current => key,
            (key, Some(current)) => match file.read_next()? {
                Some(next) if next.id == current => {
                    file.promote_next()?;
                    next
                }
                _ => {
                    let found = key.as_ref().map_or("none", |key| key.id());
                    return Err(wrong_key(OPERATION, &current, found).with("path", file.path().display()));
                }
            },
        };
        Ok(Self { state: state.clone(), key, file: Some(file) })
    }

    /// The id of the key in use.
    pub fn key_id(&self) -> &str {
        &self.key.id
    }

    /// Keeps a secret, in place of what was there.
    pub async fn put(&self, owner: &str, field: &str, secret: &Secret, now: DateTime<Utc>) -> Result<()> {
        const OPERATION: &str = "vault.put";
        let sealed = self.key.seal(owner, field, secret)?;
        let mut transaction = self.state.begin_alone(OPERATION).await?;
        // Under the lock: the key may have been changed since this vault was opened.
        match current_key(OPERATION, &mut transaction).await? {
            Some(current) if current != self.key.id => return Err(wrong_key(OPERATION, &current, &self.key.id)),
            Some(_) => {}
            None => set_key(&self.key.id, now, &mut transaction).await?,
        }
        put(owner, field, &self.key.id, &sealed, now, &mut transaction).await?;
        transaction.commit(OPERATION).await
    }

    /// A secret; `None` if there is none.
    pub async fn get(&self, owner: &str, field: &str) -> Result<Option<Secret>> {
        const GET: &str = "SELECT * FROM vault WHERE owner = $1 AND field = $2";
        let row = sql("vault.get", GET).bind(owner).bind(field).first(self.state.reader()).await?;
        row.as_ref().map(|row| self.unseal(row)).transpose()
    }

    /// Forgets a secret; true if it was there.
    pub async fn remove(&self, owner: &str, field: &str) -> Result<bool> {
        const REMOVE: &str = "DELETE FROM vault WHERE owner = $1 AND field = $2";
        sql("vault.remove", REMOVE).bind(owner).bind(field).changes(self.state.writer()).await
    }

    /// Which fields an owner has, sorted.
    pub async fn fields(&self, owner: &str) -> Result<Vec<String>> {
        const LIST: &str = "SELECT field FROM vault WHERE owner = $1 ORDER BY field";
        let rows = sql("vault.list", LIST).bind(owner).all(self.state.reader()).await?;
        rows.iter().map(|row| row.get("field")).collect()
    }

    /// Encrypts everything with a new key: all of it or nothing, and whoever still uses the old key is refused from
    /// then on. A key in a file changes with it; one that was given has to be changed where it is given. Answers how
    /// many secrets there are.
    pub async fn rotate(&mut self, new: VaultKey, now: DateTime<Utc>) -> Result<u64> {
        const OPERATION: &str = "vault.rotate";
        let mut transaction = self.state.begin_alone(OPERATION).await?;
        match current_key(OPERATION, &mut transaction).await? {
            Some(current) if current != self.key.id => return Err(wrong_key(OPERATION, &current, &self.key.id)),
            _ => {}
        }
        let rows = sql(OPERATION, "SELECT * FROM vault").all(&mut transaction).await?;
        for row in &rows {
            let (owner, field): (String, String) = (row.get("owner")?, row.get("field")?);
            let sealed = new.seal(&owner, &field, &self.unseal(row)?)?;
            put(&owner, &field, &new.id, &sealed, row.instant("updated_at")?, &mut transaction).await?;
        }
        set_key(&new.id, now, &mut transaction).await?;
        // The file first: a secret whose key is nowhere is lost.
        if let Some(file) = &self.file {
            file.prepare_next(&new)?;
        }
        transaction.commit(OPERATION).await?;
        self.state.empty_log(OPERATION).await?;
        self.key = new;
        if let Some(file) = &self.file {
            file.promote_next()?;
        }
        Ok(rows.len() as u64)
    }

    fn unseal(&self, row: &Row) -> Result<Secret> {
        let key_id: String = row.get("key_id")?;
        if key_id != self.key.id {
            return Err(wrong_key("vault.open", &key_id, &self.key.id));
        }
        let (owner, field): (String, String) = (row.get("owner")?, row.get("field")?);
        self.key.open(&owner, &field, &row.get::<String>("sealed")?)
    }
}

/// The key that holds everything; `None` if nothing is held.
async fn current_key<'a>(operation: &'static str, on: impl Into<On<'a>>) -> Result<Option<String>> {
    const GET: &str = "SELECT key_id FROM vault_key WHERE slot = 'current' AND EXISTS (SELECT 1 FROM vault)";
    sql(operation, GET).first(on).await?.map(|row| row.get("key_id")).transpose()
}

async fn set_key(id: &str, now: DateTime<Utc>, transaction: &mut Transaction) -> Result<()> {
    const SET: &str = "INSERT INTO vault_key (slot, key_id, since) VALUES ('current', $1, $2)
         ON CONFLICT (slot) DO UPDATE SET key_id = excluded.key_id, since = excluded.since";
    sql("vault.put", SET).bind(id).bind(now).execute(transaction).await.map(drop)
}

async fn put(
    owner: &str,
    field: &str,
    key_id: &str,
    sealed: &str,
    now: DateTime<Utc>,
    transaction: &mut Transaction,
) -> Result<()> {
    const PUT: &str = "INSERT INTO vault (owner, field, key_id, sealed, updated_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (owner, field) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed,
             updated_at = excluded.updated_at";
    let put = sql("vault.put", PUT).bind(owner).bind(field).bind(key_id).bind(sealed).bind(now);
    put.execute(transaction).await.map(drop)
}

fn wrong_key(operation: &'static str, wanted: &str, given: &str) -> Error {
    Error::permanent(Kind::Usage, "the vault was encrypted with another key")
        .at(operation)
        .with("wanted", wanted)
        .with("given", given)
        .hint(format!(
            "give the key the secrets were stored with (SELLERLAKE_KEY, or the key's file beside the state). {LOST}"
        ))
}

/// What to do without the key.
pub(crate) const LOST: &str = "Without it they are lost: remove every account (`sellerlake account remove`), which \
    forgets them, move the key's file away, and add the accounts again";
