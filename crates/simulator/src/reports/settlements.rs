//! Settlement reports: made by Amazon when a settlement closes, never on request, and listed once under each
//! marketplace of the currency area in each layout. The same document may come several times.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Document, settlement_v1, settlement_v2};
use crate::world::{Seller, Settlement, Source, World, hashed, published_at};

const V2: &str = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2";
const V1: &str = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE";

/// A report Amazon made by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Id of the report.
    pub report_id: String,
    /// Its type.
    pub report_type: String,
    /// Marketplaces it is listed under: one.
    pub marketplaces: Vec<String>,
    /// First moment it covers.
    pub from: DateTime<Utc>,
    /// End of what it covers.
    pub to: DateTime<Utc>,
    /// When it was made, hours after the settlement closed.
    pub created_at: DateTime<Utc>,
    /// Id of its document.
    pub document_id: String,
}

/// Reports of this type that Amazon had made for the seller by `now`, oldest first.
pub fn listed(world: &World, seller: &str, report_type: &str, now: DateTime<Utc>) -> Vec<Listed> {
    let (Some(seller), Some(layout)) = (world.seller(seller), layout(report_type)) else { return Vec::new() };
    let mut found = Vec::new();
    for settlement in &seller.settlements {
        for (place, market) in settlement.markets.iter().enumerate() {
            let created_at = published_at(Source::Settlements, settlement.end) + TimeDelta::minutes(place as i64 * 3);
            if created_at > now {
                continue;
            }
            found.push(Listed {
                report_id: (50_000_000_000 + hashed(&[settlement.id, layout, place as u64]) % 9_999_999_999)
                    .to_string(),
                report_type: report_type.to_owned(),
                marketplaces: vec![market.id.to_owned()],
                from: settlement.start,
                to: settlement.end,
                created_at,
                document_id: document_id(seller, settlement, layout, place),
            });
        }
    }
    found.sort_by(|one, other| one.created_at.cmp(&other.created_at).then(one.report_id.cmp(&other.report_id)));
    found
}

/// The document of a listed report.
pub fn listed_document(world: &World, seller: &str, document_id: &str) -> Option<Document> {
    let seller = world.seller(seller)?;
    let parts: Vec<&str> = document_id.strip_prefix("amzn1.spdoc.1.4.")?.split('.').collect();
    let [region, settlement, layout, place, check] = parts.as_slice() else { return None };
    let settlement = seller.settlements.iter().find(|known| known.id.to_string() == *settlement)?;
    let (layout, place): (u64, usize) = (layout.parse().ok()?, place.parse().ok()?);
    let known = *region == seller.region.code() && *check == checksum(settlement, layout, place);
    match layout {
        _ if !known || place >= settlement.markets.len() => None,
        1 => Some(settlement_v1::print(seller, settlement)),
        2 => Some(settlement_v2::print(seller, settlement)),
        _ => None,
    }
}

fn layout(report_type: &str) -> Option<u64> {
    match report_type {
        V1 => Some(1),
        V2 => Some(2),
        _ => None,
    }
}

fn document_id(seller: &Seller, settlement: &Settlement, layout: u64, place: usize) -> String {
    let check = checksum(settlement, layout, place);
    format!("amzn1.spdoc.1.4.{}.{}.{layout}.{place}.{check}", seller.region.code(), settlement.id)
}

fn checksum(settlement: &Settlement, layout: u64, place: usize) -> String {
    format!("{:016x}", hashed(&[settlement.id, layout, place as u64, 51]))
}
