//! The object catalogue: what the lake's partitions are and what they were made from.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{Area, Error, Kind, ObjectState, Partition, Result, SellerId};
use xxhash_rust::xxh3::xxh3_64;

use crate::State;
use crate::statement::{On, Row, Statement, sql};

/// One entry of the catalogue, and when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRecord {
    /// What is known of the object.
    pub object: ObjectState,
    /// When that was last said.
    pub updated_at: DateTime<Utc>,
}

/// Which entries to list; an empty filter lists them all.
#[derive(Debug, Clone, Default)]
pub struct ObjectFilter {
    /// Of this area.
    pub area: Option<Area>,
    /// Of the dataset of this name.
    pub name: Option<String>,
    /// Of this seller.
    pub seller: Option<SellerId>,
}

impl ObjectFilter {
    /// Everything of one seller.
    pub fn of_seller(seller: SellerId) -> Self {
        Self { seller: Some(seller), ..Self::default() }
    }

    /// One dataset of one seller: all its months.
    pub fn of_dataset(area: Area, name: &str, seller: SellerId) -> Self {
        Self { area: Some(area), name: Some(name.to_owned()), seller: Some(seller) }
    }
}

/// Puts an entry, on a condition.
macro_rules! put {
    ($condition:literal) => {
        concat!(
            "INSERT INTO objects (path, area, name, seller, month, etag, size_bytes, row_count, visible_rows,
                 row_hash, input_hash, schema_version, updated_at, checksum, generation)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             ON CONFLICT (path) DO UPDATE SET etag = excluded.etag, size_bytes = excluded.size_bytes,
                 row_count = excluded.row_count, visible_rows = excluded.visible_rows, row_hash = excluded.row_hash,
                 input_hash = excluded.input_hash, schema_version = excluded.schema_version,
                 updated_at = excluded.updated_at, checksum = excluded.checksum, generation = excluded.generation",
            $condition
        )
    };
}

const PUT: &str = put!("");

/// An entry that isn't what the caller knows stays: `IS NOT DISTINCT FROM` also compares what has no tag.
const PUT_IF: &str = put!(
    " WHERE objects.etag IS NOT DISTINCT FROM $16 AND objects.input_hash = $17
         AND objects.row_hash = $18"
);

// Written out twice, because no index serves `$3 IS NULL OR seller = $3`.
const OF_SELLER: &str = "SELECT * FROM objects
     WHERE ($1 IS NULL OR area = $1) AND ($2 IS NULL OR name = $2) AND seller = $3 ORDER BY path";
const OF_ALL: &str = "SELECT * FROM objects
     WHERE ($1 IS NULL OR area = $1) AND ($2 IS NULL OR name = $2) AND $3 IS NULL ORDER BY path";

async fn put<'a>(on: impl Into<On<'a>>, object: &ObjectState, now: DateTime<Utc>) -> Result<()> {
    bound(PUT, object, now).execute(on).await.map(drop)
}

/// Puts an entry where what stands is still `known`; false where it isn't.
async fn put_if<'a>(
    on: impl Into<On<'a>>,
    object: &ObjectState,
    known: Option<&ObjectState>,
    now: DateTime<Utc>,
) -> Result<bool> {
    // Hashes are never NULL, so that an entry that nobody knew of equals none.
    bound(PUT_IF, object, now)
        .bind(known.and_then(|known| known.etag.as_deref()))
        .bind(known.map(|known| known.input_hash.as_str()))
        .bind(known.map(|known| known.row_hash.as_str()))
        .changes(on)
        .await
}

fn bound(text: &'static str, object: &ObjectState, now: DateTime<Utc>) -> Statement {
    let partition = &object.partition;
    sql("object.put", text)
        .bind(partition.path())
        .bind(partition.area.as_str())
        .bind(&partition.name)
        .bind(partition.seller.as_str())
        .bind(partition.month.map(|month| month.to_string()))
        .bind(object.etag.as_deref())
        .bind(object.size_bytes)
        .bind(object.rows)
        .bind(object.visible_rows)
        .bind(&object.row_hash)
        .bind(&object.input_hash)
        .bind(object.schema_version)
        .bind(now)
        .bind(checksum(object))
        .bind(object.generation)
}

/// A hash of all that decides what an answer is made of. A bit that flips in the database is seen so: SQLite's pages
/// have no checksums.
fn checksum(object: &ObjectState) -> i64 {
    let ObjectState { partition, etag, size_bytes, rows, visible_rows, row_hash, .. } = object;
    let ObjectState { input_hash, schema_version, generation, .. } = object;
    let mut said = format!(
        "{partition}\u{1f}{etag:?}\u{1f}{size_bytes}\u{1f}{rows}\u{1f}{visible_rows}\u{1f}{row_hash}\u{1f}{input_hash}\u{1f}{schema_version}"
    );
    // As it was hashed before there were any.
    if *generation > 0 {
        said.push_str(&format!("\u{1f}{generation}"));
    }
    (xxh3_64(said.as_bytes()) >> 1) as i64
}

impl State {
    /// What is known of a partition; `None` if nobody ever said.
    pub async fn object(&self, partition: &Partition) -> Result<Option<ObjectState>> {
        let row = sql("object.get", "SELECT * FROM objects WHERE path = $1")
            .bind(partition.path())
            .first(self.reader())
            .await?;
        row.map(|row| read(&row).map(|record| record.object)).transpose()
    }

    /// Says what a partition is now. Saying it twice is the same as once.
    pub async fn put_object(&self, object: &ObjectState, now: DateTime<Utc>) -> Result<()> {
        self.put_objects(std::slice::from_ref(object), now).await
    }

    /// The same for several partitions, all of them or none.
    pub async fn put_objects(&self, objects: &[ObjectState], now: DateTime<Utc>) -> Result<()> {
        let mut transaction = self.begin_alone("object.put").await?;
        for object in objects {
            put(&mut transaction, object, now).await?;
        }
        transaction.commit("object.put").await
    }

    /// Says what partitions are now, each only if the entry that stands is the one the caller knew before it looked
    /// or wrote; says of which that was true. Of several writers none can so overwrite a newer word with an older.
    pub async fn put_objects_if(
        &self,
        objects: &[(ObjectState, Option<ObjectState>)],
        now: DateTime<Utc>,
    ) -> Result<Vec<bool>> {
        let mut transaction = self.begin_alone("object.put").await?;
        let mut put = Vec::new();
        for (object, known) in objects {
            put.push(put_if(&mut transaction, object, known.as_ref(), now).await?);
        }
        transaction.commit("object.put").await?;
        Ok(put)
    }

    /// The catalogue's entries, sorted by path.
    pub async fn objects(&self, filter: &ObjectFilter) -> Result<Vec<ObjectRecord>> {
        let rows = sql("object.list", if filter.seller.is_some() { OF_SELLER } else { OF_ALL })
            .bind(filter.area.map(Area::as_str))
            .bind(filter.name.as_deref())
            .bind(filter.seller.as_ref().map(SellerId::as_str))
            .all(self.reader())
            .await?;
        rows.iter().map(read).collect()
    }

    /// Whether the catalogue knows nothing at all: a new lake's, or one that was lost.
    pub async fn knows_no_objects(&self) -> Result<bool> {
        let known = sql("object.any", "SELECT path FROM objects LIMIT 1").first(self.reader()).await?;
        Ok(known.is_none())
    }

    /// Makes the catalogue say exactly this, in one step: after a repair.
    pub async fn replace_objects(&self, objects: &[ObjectState], now: DateTime<Utc>) -> Result<()> {
        const OPERATION: &str = "object.replace";
        let mut transaction = self.begin_alone(OPERATION).await?;
        sql(OPERATION, "DELETE FROM objects").execute(&mut transaction).await?;
        for object in objects {
            put(&mut transaction, object, now).await?;
        }
        transaction.commit(OPERATION).await
    }

    /// Forgets a partition; true if it was known.
    pub async fn remove_object(&self, partition: &Partition) -> Result<bool> {
        const OPERATION: &str = "object.remove";
        let mut transaction = self.begin_alone(OPERATION).await?;
        let remove = sql(OPERATION, "DELETE FROM objects WHERE path = $1").bind(partition.path());
        let removed = remove.changes(&mut transaction).await?;
        transaction.commit(OPERATION).await?;
        Ok(removed)
    }
}

fn damaged(path: &str) -> Error {
    Error::permanent(Kind::Storage, "an entry of the catalogue isn't what was written")
        .at("object.read")
        .with("path", path)
        .hint(
            "`sellerlake verify --repair` makes the catalogue again from the lake; look at the disk that holds it, too",
        )
}

pub(crate) fn read(row: &Row) -> Result<ObjectRecord> {
    let path: String = row.get("path")?;
    let object = ObjectState {
        partition: Partition::parse(&path).ok_or_else(|| damaged(&path))?,
        etag: row.get("etag")?,
        size_bytes: row.count("size_bytes")?,
        rows: row.count("row_count")?,
        visible_rows: row.count("visible_rows")?,
        row_hash: row.get("row_hash")?,
        input_hash: row.get("input_hash")?,
        schema_version: row.count("schema_version")? as u32,
        generation: row.get::<Option<i64>>("generation")?.unwrap_or(0) as u64,
    };
    let of_path = |column| row.get::<Option<String>>(column).map(Option::unwrap_or_default);
    let Partition { area, name, seller, month } = &object.partition;
    let is_filed_right = of_path("area")? == area.as_str()
        && of_path("name")? == *name
        && of_path("seller")? == seller.as_str()
        && of_path("month")? == month.map(|month| month.to_string()).unwrap_or_default();
    let known: Option<i64> = row.get("checksum")?;
    if !is_filed_right || known.is_some_and(|known| known != checksum(&object)) {
        return Err(damaged(&path));
    }
    Ok(ObjectRecord { object, updated_at: row.instant("updated_at")? })
}
