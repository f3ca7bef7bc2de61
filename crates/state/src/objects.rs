//! The object catalogue: what the lake's partitions are and what they were made from.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{Area, ObjectState, Partition, Result, SellerId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Executor, Row, Sqlite};

use crate::State;
use crate::database::{failure, from_ms, strange, to_ms};

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

const PUT: &str = "INSERT INTO objects (path, area, name, seller, month, etag, size_bytes, row_count, visible_rows,
         row_hash, input_hash, schema_version, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     ON CONFLICT (path) DO UPDATE SET etag = excluded.etag, size_bytes = excluded.size_bytes,
         row_count = excluded.row_count, visible_rows = excluded.visible_rows, row_hash = excluded.row_hash,
         input_hash = excluded.input_hash, schema_version = excluded.schema_version,
         updated_at = excluded.updated_at";

/// An entry that isn't what the caller knows stays: `IS NOT DISTINCT FROM` also compares what has no tag.
const PUT_IF: &str = " WHERE objects.etag IS NOT DISTINCT FROM $14 AND objects.input_hash = $15
         AND objects.row_hash = $16";

// Written out twice, because no index serves `$3 IS NULL OR seller = $3`.
const OF_SELLER: &str = "SELECT * FROM objects
     WHERE ($1 IS NULL OR area = $1) AND ($2 IS NULL OR name = $2) AND seller = $3 ORDER BY path";
const OF_ALL: &str = "SELECT * FROM objects
     WHERE ($1 IS NULL OR area = $1) AND ($2 IS NULL OR name = $2) AND $3 IS NULL ORDER BY path";

async fn put<'c>(connection: impl Executor<'c, Database = Sqlite>, object: &ObjectState, now: i64) -> Result<()> {
    bound(sqlx::query(PUT), object, now)
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| failure("object.put", error))
}

/// Puts an entry where what stands is still `known`; false where it isn't.
async fn put_if<'c>(
    connection: impl Executor<'c, Database = Sqlite>,
    object: &ObjectState,
    known: Option<&ObjectState>,
    now: i64,
) -> Result<bool> {
    let statement = format!("{PUT}{PUT_IF}");
    // Hashes are never NULL, so that an entry that nobody knew of equals none.
    let done = bound(sqlx::query(sqlx::AssertSqlSafe(statement)), object, now)
        .bind(known.and_then(|known| known.etag.as_deref()))
        .bind(known.map(|known| known.input_hash.as_str()))
        .bind(known.map(|known| known.row_hash.as_str()))
        .execute(connection)
        .await;
    done.map(|done| done.rows_affected() > 0).map_err(|error| failure("object.put", error))
}

type Statement<'q> = sqlx::query::Query<'q, Sqlite, sqlx::sqlite::SqliteArguments>;

fn bound<'q>(statement: Statement<'q>, object: &'q ObjectState, now: i64) -> Statement<'q> {
    let partition = &object.partition;
    statement
        .bind(partition.path())
        .bind(partition.area.as_str())
        .bind(&partition.name)
        .bind(partition.seller.as_str())
        .bind(partition.month.map(|month| month.to_string()))
        .bind(object.etag.as_deref())
        .bind(object.size_bytes as i64)
        .bind(object.rows as i64)
        .bind(object.visible_rows as i64)
        .bind(&object.row_hash)
        .bind(&object.input_hash)
        .bind(i64::from(object.schema_version))
        .bind(now)
}

impl State {
    /// What is known of a partition; `None` if nobody ever said.
    pub async fn object(&self, partition: &Partition) -> Result<Option<ObjectState>> {
        let row = sqlx::query("SELECT * FROM objects WHERE path = $1")
            .bind(partition.path())
            .fetch_optional(self.reader())
            .await
            .map_err(|error| failure("object.get", error))?;
        row.map(|row| read(&row).map(|record| record.object)).transpose()
    }

    /// Says what a partition is now. Saying it twice is the same as once.
    pub async fn put_object(&self, object: &ObjectState, now: DateTime<Utc>) -> Result<()> {
        put(self.writer(), object, to_ms(now)).await
    }

    /// The same for several partitions, all of them or none.
    pub async fn put_objects(&self, objects: &[ObjectState], now: DateTime<Utc>) -> Result<()> {
        let mut transaction = self.begin("object.put").await?;
        for object in objects {
            put(&mut *transaction, object, to_ms(now)).await?;
        }
        transaction.commit().await.map_err(|error| failure("object.put", error))
    }

    /// Says what partitions are now, each only if the entry that stands is the one the caller knew before it looked
    /// or wrote; says of which that was true. Of several writers none can so overwrite a newer word with an older.
    pub async fn put_objects_if(
        &self,
        objects: &[(ObjectState, Option<ObjectState>)],
        now: DateTime<Utc>,
    ) -> Result<Vec<bool>> {
        let mut transaction = self.begin("object.put").await?;
        let mut put = Vec::new();
        for (object, known) in objects {
            put.push(put_if(&mut *transaction, object, known.as_ref(), to_ms(now)).await?);
        }
        transaction.commit().await.map_err(|error| failure("object.put", error))?;
        Ok(put)
    }

    /// The catalogue's entries, sorted by path.
    pub async fn objects(&self, filter: &ObjectFilter) -> Result<Vec<ObjectRecord>> {
        let rows = sqlx::query(if filter.seller.is_some() { OF_SELLER } else { OF_ALL })
            .bind(filter.area.map(Area::as_str))
            .bind(filter.name.as_deref())
            .bind(filter.seller.as_ref().map(SellerId::as_str))
            .fetch_all(self.reader())
            .await
            .map_err(|error| failure("object.list", error))?;
        rows.iter().map(read).collect()
    }

    /// Whether the catalogue knows nothing at all: a new lake's, or one that was lost.
    pub async fn knows_no_objects(&self) -> Result<bool> {
        let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM objects)")
            .fetch_one(self.reader())
            .await
            .map_err(|error| failure("object.any", error))?;
        Ok(!known)
    }

    /// Makes the catalogue say exactly this, in one step: after a repair.
    pub async fn replace_objects(&self, objects: &[ObjectState], now: DateTime<Utc>) -> Result<()> {
        let failed = |error| failure("object.replace", error);
        let mut transaction = self.begin("object.replace").await?;
        sqlx::query("DELETE FROM objects").execute(&mut *transaction).await.map_err(failed)?;
        for object in objects {
            put(&mut *transaction, object, to_ms(now)).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    /// Forgets a partition; true if it was known.
    pub async fn remove_object(&self, partition: &Partition) -> Result<bool> {
        let removed =
            sqlx::query("DELETE FROM objects WHERE path = $1").bind(partition.path()).execute(self.writer()).await;
        removed.map(|done| done.rows_affected() > 0).map_err(|error| failure("object.remove", error))
    }

    /// Forgets all partitions.
    pub async fn clear_objects(&self) -> Result<()> {
        let cleared = sqlx::query("DELETE FROM objects").execute(self.writer()).await;
        cleared.map(drop).map_err(|error| failure("object.clear", error))
    }
}

fn read(row: &SqliteRow) -> Result<ObjectRecord> {
    const OPERATION: &str = "object.get";
    let failed = |error| failure(OPERATION, error);
    let count = |column: &str| row.try_get::<i64, _>(column).map(|count| count as u64).map_err(failed);
    let path: String = row.try_get("path").map_err(failed)?;
    let partition = Partition::parse(&path).ok_or_else(|| strange(OPERATION, "path", &path))?;
    let object = ObjectState {
        partition,
        etag: row.try_get("etag").map_err(failed)?,
        size_bytes: count("size_bytes")?,
        rows: count("row_count")?,
        visible_rows: count("visible_rows")?,
        row_hash: row.try_get("row_hash").map_err(failed)?,
        input_hash: row.try_get("input_hash").map_err(failed)?,
        schema_version: count("schema_version")? as u32,
    };
    Ok(ObjectRecord {
        object,
        updated_at: from_ms(OPERATION, "updated_at", row.try_get("updated_at").map_err(failed)?)?,
    })
}
