//! The kinds of Ads reports: who may ask for what, for how long (amazon.md: Ads reports).

use chrono::NaiveDate;

use super::ads_columns::{BRANDS, BRANDS_TERM, CAMPAIGN, DISPLAY, PRODUCT, SP_METRICS, TERM};
use crate::world::AdProduct;

/// What is asked of an advertising profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdsQuery {
    /// `SPONSORED_PRODUCTS`, `SPONSORED_BRANDS` or `SPONSORED_DISPLAY`.
    pub ad_product: String,
    /// `spCampaigns` and the like.
    pub report_type_id: String,
    /// What rows are grouped by.
    pub group_by: Vec<String>,
    /// Columns wanted.
    pub columns: Vec<String>,
    /// `DAILY` or `SUMMARY`.
    pub time_unit: String,
    /// First day in the profile's zone.
    pub from: NaiveDate,
    /// Last day, inclusive.
    pub to: NaiveDate,
}

/// A kind of report.
pub(super) struct Kind {
    ad_product: &'static str,
    pub(super) product: AdProduct,
    pub(super) group_by: &'static str,
    /// Days it can be asked for after they passed.
    retention: i64,
    columns: &'static [&'static str],
}

/// The longest range of one request.
const LONGEST: i64 = 31;

/// The kind with this id, if there is one.
pub(super) fn kind(report_type_id: &str) -> Option<Kind> {
    let (ad_product, product, group_by, retention, columns): (_, _, _, _, &[&str]) = match report_type_id {
        "spCampaigns" => ("SPONSORED_PRODUCTS", AdProduct::Products, "campaign", 95, &[]),
        "spAdvertisedProduct" => ("SPONSORED_PRODUCTS", AdProduct::Products, "advertiser", 95, &PRODUCT),
        "spSearchTerm" => ("SPONSORED_PRODUCTS", AdProduct::Products, "searchTerm", 95, &TERM),
        "sbCampaigns" => ("SPONSORED_BRANDS", AdProduct::Brands, "campaign", 60, &BRANDS),
        "sbSearchTerm" => ("SPONSORED_BRANDS", AdProduct::Brands, "searchTerm", 60, &BRANDS_TERM),
        "sdAdvertisedProduct" => ("SPONSORED_DISPLAY", AdProduct::Display, "advertiser", 65, &DISPLAY),
        _ => return None,
    };
    Some(Kind { ad_product, product, group_by, retention, columns })
}

impl Kind {
    fn knows(&self, column: &str) -> bool {
        let metrics: &[&str] = if self.product == AdProduct::Products { &SP_METRICS } else { &[] };
        CAMPAIGN.contains(&column) || self.columns.contains(&column) || metrics.contains(&column)
    }

    /// The text of Amazon's 400 for a query it doesn't take.
    pub(super) fn refusal(&self, query: &AdsQuery, today: NaiveDate) -> Option<String> {
        if query.ad_product != self.ad_product {
            return Some(format!("adProduct {} has no report {}", query.ad_product, query.report_type_id));
        }
        if query.group_by != [self.group_by] {
            return Some(format!("configuration groupBy invalid values: ({})", query.group_by.join(", ")));
        }
        let unknown: Vec<&str> =
            query.columns.iter().map(String::as_str).filter(|column| !self.knows(column)).collect();
        if !unknown.is_empty() || query.columns.is_empty() {
            return Some(format!("configuration columns includes invalid values: ({})", unknown.join(", ")));
        }
        let daily = query.time_unit == "DAILY";
        if !daily && query.time_unit != "SUMMARY" {
            return Some(format!("configuration timeUnit invalid value: {}", query.time_unit));
        }
        let misfits: &[&str] = if daily { &["startDate", "endDate"] } else { &["date"] };
        if let Some(misfit) = query.columns.iter().find(|column| misfits.contains(&column.as_str())) {
            return Some(format!("configuration column {misfit} is not allowed with timeUnit {}", query.time_unit));
        }
        if query.to < query.from || (query.to - query.from).num_days() >= LONGEST {
            return Some(format!("configuration startDate to endDate range must not exceed {LONGEST} days"));
        }
        if (today - query.from).num_days() > self.retention || query.from > today {
            return Some(format!("configuration startDate must be within the last {} days", self.retention));
        }
        None
    }
}
