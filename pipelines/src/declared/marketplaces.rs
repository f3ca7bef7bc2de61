//! The marketplaces there are, as the reference table `marketplaces` has them.

use arrow::array::{Array, AsArray};
use sellerlake_schemas::Schemas;

/// One marketplace; what the table doesn't say is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marketplace<'a> {
    pub(crate) id: &'a str,
    pub(crate) region: &'a str,
    pub(crate) country: &'a str,
    /// `amazon.es`.
    pub(crate) site: &'a str,
    pub(crate) name: &'a str,
    pub(crate) zone: &'a str,
}

/// All of them, in the table's order.
pub(crate) fn marketplaces(schemas: &Schemas) -> Vec<Marketplace<'_>> {
    let Some(reference) = schemas.references.get("marketplaces") else { return Vec::new() };
    let column = |name| {
        let column = reference.rows.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        move |row: usize| column.filter(|column| column.is_valid(row)).map_or("", |column| column.value(row))
    };
    let (id, region, country) = (column("marketplace_id"), column("region"), column("country_code"));
    let (site, name, zone) = (column("match_name"), column("marketplace_name"), column("zone"));
    let rows = (0..reference.rows.num_rows()).map(|row| Marketplace {
        id: id(row),
        region: region(row),
        country: country(row),
        site: site(row),
        name: name(row),
        zone: zone(row),
    });
    rows.collect()
}
