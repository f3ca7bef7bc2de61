//! What all declarations together know, and the reading of a document of any one source may need.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;

use crate::column::Column;
use crate::header::normalise;
use crate::path::{ColumnPath, Segment};
use crate::reference::Reference;

/// Which of day and month is written first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayOrder {
    /// `31/12/2026`
    DayFirst,
    /// `12/31/2026`
    MonthFirst,
}

impl DayOrder {
    /// `dmy` or `mdy`, as arguments and options spell it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "dmy" => Some(Self::DayFirst),
            "mdy" => Some(Self::MonthFirst),
            _ => None,
        }
    }

    /// The same, written.
    pub fn name(self) -> &'static str {
        match self {
            Self::DayFirst => "dmy",
            Self::MonthFirst => "mdy",
        }
    }
}

/// What is written between units and tenths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalMark {
    /// `1,234.56`
    Point,
    /// `1.234,56`
    Comma,
}

impl DecimalMark {
    /// `point` or `comma`, as arguments and options spell it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "point" => Some(Self::Point),
            "comma" => Some(Self::Comma),
            _ => None,
        }
    }
}

/// A marketplace of the reference table `marketplaces`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Amazon's id.
    pub id: String,
    /// ISO 3166 country.
    pub country: String,
    /// SP-API region.
    pub region: String,
    /// ISO 4217 currency.
    pub currency: String,
    /// Name such as `amazon.co.uk`, in lower case.
    pub name: String,
    /// How dates with slashes are written there, where it can be said.
    pub day_order: Option<DayOrder>,
    /// What is written before decimals there, where it can be said.
    pub decimal_mark: Option<DecimalMark>,
    /// Decimal places of the currency.
    pub minor_units: i64,
}

/// What all declarations together know.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// Every marketplace there is.
    pub places: Vec<Place>,
    /// Names that any source declares personal, normalised, each with a source that does.
    personal: BTreeMap<String, String>,
}

impl Knowledge {
    /// Takes together what is declared.
    ///
    /// `columns` are those of all sources, each with its source's name.
    pub(crate) fn of<'a>(
        columns: impl Iterator<Item = (&'a str, &'a Column)>,
        marketplaces: Option<&Reference>,
    ) -> Self {
        let mut personal = BTreeMap::new();
        for (source, column) in columns.filter(|(_, column)| column.pii) {
            for name in names(column) {
                personal.entry(name).or_insert_with(|| source.to_owned());
            }
        }
        Self { places: marketplaces.map(places).unwrap_or_default(), personal }
    }

    /// Whether some source declares a column, header or JSON member of this name personal.
    pub fn is_personal(&self, name: &str) -> bool {
        self.personal.contains_key(&normalise(name))
    }

    /// A source that declares one of a column's own names personal though the column isn't.
    pub(crate) fn contradicts(&self, column: &Column) -> Option<&str> {
        let mut spellings = column.headers.iter().map(|text| normalise(text)).chain([normalise(&column.name)]);
        spellings.find_map(|name| self.personal.get(&name)).map(String::as_str).filter(|_| !column.pii)
    }

    /// The marketplace that a person means: by id, country code or name, in any case. `UK` is Britain.
    pub fn place(&self, text: &str) -> Option<&Place> {
        let text = text.trim();
        let country = if text.eq_ignore_ascii_case("UK") { "GB" } else { text };
        let domain = text.to_ascii_lowercase();
        let domain = domain.trim_start_matches("https://").trim_start_matches("www.").trim_end_matches('/');
        let is_meant = |place: &&Place| {
            place.id.eq_ignore_ascii_case(text) || place.country.eq_ignore_ascii_case(country) || place.name == domain
        };
        self.places.iter().find(is_meant)
    }

    /// How dates are written where these marketplaces are, if all of them agree.
    pub fn day_order(&self, among: impl FnMut(&Place) -> bool) -> Option<DayOrder> {
        self.agreed(among, |place| place.day_order)
    }

    /// What is written before decimals where these marketplaces are, if all of them agree.
    pub fn decimal_mark(&self, among: impl FnMut(&Place) -> bool) -> Option<DecimalMark> {
        self.agreed(among, |place| place.decimal_mark)
    }

    fn agreed<T: PartialEq>(
        &self,
        mut among: impl FnMut(&Place) -> bool,
        habit: impl Fn(&Place) -> Option<T>,
    ) -> Option<T> {
        let mut found = self.places.iter().filter(|place| among(place)).map(habit);
        let first = found.next()??;
        found.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }

    /// Whether this is the code of a currency in use.
    pub fn is_currency(&self, code: &str) -> bool {
        CURRENCIES.as_bytes().chunks(4).any(|known| &known[..3] == code.as_bytes())
            || self.places.iter().any(|place| place.currency == code)
    }
}

/// The names under which a column's values could stand in another source's document, normalised.
fn names(column: &Column) -> BTreeSet<String> {
    let written = column.headers.iter().chain([&column.name]).map(|name| normalise(name));
    // The last member alone can be too common a word (`name`, `cancelReason`): the one around it makes it tell.
    let of_paths = column.path.iter().filter_map(|path| match path {
        ColumnPath::Document(path) | ColumnPath::Enclosing(path) => {
            let keys: Vec<&str> = path
                .iter()
                .filter_map(|segment| if let Segment::Key(key) = segment { Some(key.as_str()) } else { None })
                .collect();
            keys.len().checked_sub(2).map(|start| normalise(&keys[start..].concat()))
        }
        ColumnPath::Names(_) => None,
    });
    written.chain(of_paths).collect()
}

fn places(marketplaces: &Reference) -> Vec<Place> {
    let rows = &marketplaces.rows;
    let text = |name: &str, row: usize| {
        let column = rows.column_by_name(name)?.as_string_opt::<i32>()?;
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let place = |row| {
        Some(Place {
            id: text("marketplace_id", row)?,
            country: text("country_code", row)?,
            region: text("region", row)?,
            currency: text("currency", row)?,
            name: text("match_name", row)?,
            day_order: text("day_order", row).and_then(|order| DayOrder::parse(&order)),
            decimal_mark: text("decimal_mark", row).and_then(|mark| DecimalMark::parse(&mark)),
            minor_units: rows.column_by_name("minor_units")?.as_primitive_opt::<Int64Type>()?.value(row),
        })
    };
    (0..rows.num_rows()).filter_map(place).collect()
}

/// ISO 4217, currencies in use.
const CURRENCIES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN \
BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD \
HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA \
MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF \
SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES \
VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";

#[cfg(test)]
mod tests {
    use crate::files::Files;
    use crate::findings::Findings;
    use crate::load::{Schemas, add_built_in};

    use super::*;

    fn built_in() -> Knowledge {
        let mut files = Files::default();
        add_built_in(&mut files);
        let schemas = Schemas::load(&files, &mut Findings::default());
        (*schemas.sources["all_orders"].knowledge).clone()
    }

    #[test]
    fn marketplaces_go_by_many_names() {
        let known = built_in();
        for text in ["ES", "es", "amazon.es", "Amazon.es", "www.amazon.es", "A1RKKUPIHCS9HS", " a1rkkupihcs9hs "] {
            assert_eq!(known.place(text).map(|place| place.id.as_str()), Some("A1RKKUPIHCS9HS"), "{text}");
        }
        assert_eq!(known.place("uk"), known.place("GB"));
        assert_eq!(known.place("Atlantis"), None);
        assert_eq!(known.day_order(|place| place.region == "EU"), Some(DayOrder::DayFirst));
        assert_eq!(known.day_order(|place| place.region == "NA"), None, "the United States and Mexico differ");
        assert_eq!(known.day_order(|place| place.currency == "USD"), Some(DayOrder::MonthFirst));
        assert_eq!(known.decimal_mark(|place| place.region == "FE"), Some(DecimalMark::Point));
        assert_eq!(known.decimal_mark(|place| place.currency == "EUR"), None, "Ireland differs");
        assert_eq!(known.place("JP").map(|place| place.minor_units), Some(0));
        assert!(known.is_currency("EUR") && !known.is_currency("EURO") && !known.is_currency("eur"));
        assert!(!known.is_currency("XYZ") && !known.is_currency(""));
    }

    #[test]
    fn what_one_source_calls_personal_is_personal_in_all() {
        let known = built_in();
        for name in ["licensee-name", "License Number", "buyerName", "BuyerInfo.BuyerEmail", "customer-comments"] {
            assert!(known.is_personal(name), "{name}");
        }
        for name in ["sku", "name", "cancelReason", "ship-city"] {
            assert!(!known.is_personal(name), "{name}");
        }
    }
}
