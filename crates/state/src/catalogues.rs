//! Sellers' parts of the object catalogue: each has a version, and is read only if that is another one.

use std::collections::BTreeMap;

use sellerlake_contracts::{Error, Kind, ObjectState, Result, SellerId};

use crate::State;
use crate::failure::RESTORE;
use crate::objects;
use crate::statement::{Row, sql};

/// Which version of a seller's entries this is. Two that are equal are of the same entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogueVersion {
    number: i64,
    entries: i64,
    digest: i64,
}

/// A seller's entries at one moment, sorted by path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SellerCatalogue {
    /// Which version they are; `None` where there never was an entry.
    pub version: Option<CatalogueVersion>,
    /// What is known of each object.
    pub objects: Vec<ObjectState>,
}

const VERSIONS: &str = "SELECT seller AS owner, version, entries, digest FROM catalogues";
const VERSION: &str = "SELECT seller AS owner, version, entries, digest FROM catalogues WHERE seller = $1";

// In one statement, which sees one moment. Whoever has no version, or no entries, is there too: either may be hidden.
const OF_SELLER: &str =
    "SELECT objects.*, asked.seller AS owner, catalogues.version, catalogues.entries, catalogues.digest
     FROM (SELECT CAST($1 AS TEXT) AS seller) AS asked
     LEFT JOIN catalogues ON catalogues.seller = asked.seller LEFT JOIN objects ON objects.seller = asked.seller
     ORDER BY objects.path";
const OF_ALL: &str = "SELECT objects.*, coalesce(catalogues.seller, objects.seller) AS owner, catalogues.version,
         catalogues.entries, catalogues.digest
     FROM catalogues FULL JOIN objects ON objects.seller = catalogues.seller
     ORDER BY objects.path";

/// Entries as they are read, and what they come to.
#[derive(Default)]
struct Reading {
    version: Option<CatalogueVersion>,
    digest: i64,
    objects: Vec<ObjectState>,
}

impl State {
    /// The versions of a seller's entries, or of every seller's that has or had any.
    pub async fn catalogue_versions(&self, seller: Option<&SellerId>) -> Result<BTreeMap<SellerId, CatalogueVersion>> {
        let list = if let Some(seller) = seller {
            sql(OPERATION, VERSION).bind(seller.as_str())
        } else {
            // A seller that damage has hidden would be missed by nobody.
            const CHECK: &str = "SELECT quick_check AS problem FROM pragma_quick_check('catalogues')";
            if let Some(problem) = self.pages(CHECK).await?.into_iter().next() {
                return Err(self.damaged().with("found", problem));
            }
            sql(OPERATION, VERSIONS)
        };
        let mut versions = BTreeMap::new();
        for row in list.all(self.reader()).await? {
            versions.extend(version(&row)?.map(|version| Ok::<_, Error>((row.parsed("owner")?, version))).transpose()?);
        }
        Ok(versions)
    }

    /// A seller's entries with their version, or those of every seller. An error where they aren't all there: whoever
    /// answers from them would miss none.
    pub async fn catalogues(&self, seller: Option<&SellerId>) -> Result<BTreeMap<SellerId, SellerCatalogue>> {
        let list = match seller {
            Some(seller) => sql(OPERATION, OF_SELLER).bind(seller.as_str()),
            None => sql(OPERATION, OF_ALL),
        };
        let mut read: BTreeMap<SellerId, Reading> = BTreeMap::new();
        for row in list.all(self.reader()).await? {
            let reading = read.entry(row.parsed("owner")?).or_default();
            reading.version = version(&row)?;
            if row.get::<Option<String>>("path")?.is_some() {
                reading.digest += row.get::<Option<i64>>("checksum")?.unwrap_or(0) & LOW_HALF;
                reading.objects.push(objects::read(&row)?.object);
            }
        }
        let catalogue = |(seller, Reading { version, digest, objects }): (SellerId, Reading)| {
            let found = (objects.len() as i64, digest);
            if version.map_or((0, 0), |version| (version.entries, version.digest)) == found {
                return Ok((seller, SellerCatalogue { version, objects }));
            }
            Err(self.damaged().with("seller", &seller).with("entries", found.0))
        };
        read.into_iter().map(catalogue).collect()
    }

    fn damaged(&self) -> Error {
        Error::permanent(Kind::Storage, "the catalogue in the state database is damaged")
            .at(OPERATION)
            .with("state", self.address())
            .hint(RESTORE)
    }
}

const OPERATION: &str = "catalogue.list";

const LOW_HALF: i64 = 0xffff_ffff;

fn version(row: &Row) -> Result<Option<CatalogueVersion>> {
    let Some(number) = row.get::<Option<i64>>("version")? else { return Ok(None) };
    Ok(Some(CatalogueVersion { number, entries: row.get("entries")?, digest: row.get("digest")? }))
}
