//! Amazon's marketplaces, as far as worlds use them.

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;

/// Which of Amazon's three endpoints answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Region {
    /// `na`.
    NorthAmerica,
    /// `eu`.
    Europe,
    /// `fe`.
    FarEast,
}

impl Region {
    /// As it stands in host names and paths: `na`, `eu`, `fe`.
    pub fn code(self) -> &'static str {
        match self {
            Self::NorthAmerica => "na",
            Self::Europe => "eu",
            Self::FarEast => "fe",
        }
    }
}

/// How a sale is taxed; rates are thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tax {
    /// On top of the price, collected and withheld by Amazon.
    Added(i64),
    /// In the price, and nobody shows it: the seller owes it.
    Hidden(i64),
    /// In the price; Amazon splits it off and withholds it, being the deemed reseller.
    Withheld(i64),
    /// In the price; Amazon splits it off and pays it to the seller.
    Split(i64),
}

/// One marketplace.
#[derive(Debug, PartialEq, Eq)]
pub struct Marketplace {
    /// Amazon's id.
    pub id: &'static str,
    /// Country code sellers use; `UK` for the United Kingdom.
    pub country: &'static str,
    /// ISO 3166 country code.
    pub iso_country: &'static str,
    /// Region of its endpoints.
    pub region: Region,
    /// ISO 4217.
    pub currency: &'static str,
    /// Decimals of the currency.
    pub digits: u32,
    /// Time zone of its days.
    pub zone: Tz,
    /// Name in orders and settlements, `Amazon.de`.
    pub name: &'static str,
    /// Marketplaces with one pool share their FBA stock.
    pub pool: &'static str,
    /// How sales are taxed.
    pub tax: Tax,
    /// Tax on Amazon's fees in thousandths.
    pub fee_tax: i64,
    /// Minor units for one US cent, in thousandths.
    pub per_cent: i64,
    /// First part of its order ids.
    pub order_prefix: u16,
    /// Default language.
    pub language: &'static str,
    /// Warehouses.
    pub warehouses: [&'static str; 2],
    /// Places buyers live in: city, state, postal code.
    pub places: [(&'static str, &'static str, &'static str); 3],
}

impl Marketplace {
    /// The calendar day an instant falls on here.
    pub fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// The first instant of a calendar day here.
    pub fn midnight(&self, day: NaiveDate) -> DateTime<Utc> {
        let local = day.and_time(chrono::NaiveTime::MIN);
        self.zone.from_local_datetime(&local).earliest().map_or_else(|| local.and_utc(), |at| at.with_timezone(&Utc))
    }
}

/// The marketplace of a country code or an id.
pub fn marketplace(country_or_id: &str) -> Option<&'static Marketplace> {
    ALL.iter().find(|market| market.country == country_or_id || market.id == country_or_id)
}

/// Every marketplace worlds know.
pub fn marketplaces() -> &'static [Marketplace] {
    &ALL
}

static ALL: [Marketplace; 9] = [
    Marketplace {
        id: "ATVPDKIKX0DER",
        country: "US",
        iso_country: "US",
        region: Region::NorthAmerica,
        currency: "USD",
        digits: 2,
        zone: Tz::America__Los_Angeles,
        name: "Amazon.com",
        pool: "US",
        tax: Tax::Added(83),
        fee_tax: 0,
        per_cent: 1000,
        order_prefix: 111,
        language: "en_US",
        warehouses: ["PHX6", "CMH1"],
        places: [("MADISON", "WI", "53703-1234"), ("PORTLAND", "OR", "97201"), ("O'FALLON", "MO", "63366-4410")],
    },
    Marketplace {
        id: "A2EUQ1WTGCTBG2",
        country: "CA",
        iso_country: "CA",
        region: Region::NorthAmerica,
        currency: "CAD",
        digits: 2,
        zone: Tz::America__Los_Angeles,
        name: "Amazon.ca",
        pool: "CA",
        tax: Tax::Added(130),
        fee_tax: 0,
        per_cent: 1365,
        order_prefix: 701,
        language: "en_CA",
        warehouses: ["YYZ4", "YVR2"],
        places: [("Montréal", "QC", "H2Y 1C6"), ("Toronto", "ON", "M5H 2N2"), ("Calgary", "AB", "T2P 1J9")],
    },
    Marketplace {
        id: "A1AM78C64UM0Y8",
        country: "MX",
        iso_country: "MX",
        region: Region::NorthAmerica,
        currency: "MXN",
        digits: 2,
        zone: Tz::America__Los_Angeles,
        name: "Amazon.com.mx",
        pool: "MX",
        tax: Tax::Hidden(160),
        fee_tax: 160,
        per_cent: 17_400,
        order_prefix: 702,
        language: "es_MX",
        warehouses: ["MEX1", "MEX2"],
        places: [
            ("León", "Guanajuato", "37000"),
            ("Ciudad de México", "CDMX", "06000"),
            ("Mérida", "Yucatán", "97000"),
        ],
    },
    Marketplace {
        id: "A1PA6795UKMFR9",
        country: "DE",
        iso_country: "DE",
        region: Region::Europe,
        currency: "EUR",
        digits: 2,
        zone: Tz::Europe__Berlin,
        name: "Amazon.de",
        pool: "EU",
        tax: Tax::Hidden(190),
        fee_tax: 190,
        per_cent: 920,
        order_prefix: 303,
        language: "de_DE",
        warehouses: ["LEJ1", "FRA7"],
        places: [("Köln", "Nordrhein-Westfalen", "50667"), ("München", "Bayern", "80331"), ("Lübeck", "", "23552")],
    },
    Marketplace {
        id: "A13V1IB3VIYZZH",
        country: "FR",
        iso_country: "FR",
        region: Region::Europe,
        currency: "EUR",
        digits: 2,
        zone: Tz::Europe__Paris,
        name: "Amazon.fr",
        pool: "EU",
        tax: Tax::Hidden(200),
        fee_tax: 200,
        per_cent: 930,
        order_prefix: 402,
        language: "fr_FR",
        warehouses: ["ORY1", "LYS1"],
        places: [("Orléans", "", "45000"), ("Besançon", "", "25000"), ("Nîmes", "", "30000")],
    },
    Marketplace {
        id: "A1F83G8C2ARO7P",
        country: "UK",
        iso_country: "GB",
        region: Region::Europe,
        currency: "GBP",
        digits: 2,
        zone: Tz::Europe__London,
        name: "Amazon.co.uk",
        pool: "GB",
        tax: Tax::Withheld(200),
        fee_tax: 200,
        per_cent: 790,
        order_prefix: 203,
        language: "en_GB",
        warehouses: ["BHX4", "LBA2"],
        places: [("Leeds", "West Yorkshire", "LS1 4AP"), ("Stoke-on-Trent", "", "ST1 1DJ"), ("London", "", "EC1A 1BB")],
    },
    Marketplace {
        id: "APJ6JRA9NG5V4",
        country: "IT",
        iso_country: "IT",
        region: Region::Europe,
        currency: "EUR",
        digits: 2,
        zone: Tz::Europe__Rome,
        name: "Amazon.it",
        pool: "EU",
        tax: Tax::Hidden(220),
        fee_tax: 220,
        per_cent: 940,
        order_prefix: 404,
        language: "it_IT",
        warehouses: ["MXP5", "FCO1"],
        places: [("Forlì", "FC", "47121"), ("Torino", "TO", "10121"), ("L'Aquila", "AQ", "67100")],
    },
    Marketplace {
        id: "A1RKKUPIHCS9HS",
        country: "ES",
        iso_country: "ES",
        region: Region::Europe,
        currency: "EUR",
        digits: 2,
        zone: Tz::Europe__Madrid,
        name: "Amazon.es",
        pool: "EU",
        tax: Tax::Hidden(210),
        fee_tax: 210,
        per_cent: 925,
        order_prefix: 405,
        language: "es_ES",
        warehouses: ["MAD4", "BCN1"],
        places: [("A Coruña", "A Coruña", "15001"), ("Cádiz", "Cádiz", "11001"), ("Móstoles", "Madrid", "28931")],
    },
    Marketplace {
        id: "A1VC38T7YXB528",
        country: "JP",
        iso_country: "JP",
        region: Region::FarEast,
        currency: "JPY",
        digits: 0,
        zone: Tz::Asia__Tokyo,
        name: "Amazon.co.jp",
        pool: "JP",
        tax: Tax::Split(100),
        fee_tax: 100,
        per_cent: 1480,
        order_prefix: 249,
        language: "ja_JP",
        warehouses: ["NRT1", "KIX2"],
        places: [
            ("札幌市", "北海道", "060-0001"),
            ("那覇市", "沖縄県", "900-0001"),
            ("名古屋市", "愛知県", "450-0001"),
        ],
    },
];
