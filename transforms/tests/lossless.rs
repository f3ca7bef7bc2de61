//! Nothing is lost: every amount in Amazon's sandbox answers, and in answers made up from its models with every field
//! filled, must be found in the column its path belongs to. So must every number of stock and catalogue.

use std::collections::BTreeSet;

use sellerlake_schemas::{ColumnPath, Context, Segment, Source};
use serde_json::{Map, Value, json};

use crate::beside::shared;
use crate::decoded::{Asked, Decoded, built_in, decode_bytes, source};

/// An operation of a model, the source its answers are, and which of their numbers count.
struct Case {
    model: &'static str,
    path: &'static str,
    source: &'static str,
    marked: Marked,
}

#[derive(Clone, Copy, PartialEq)]
enum Marked {
    /// The amount of every money object.
    Money,
    /// Every number.
    Numbers,
}

const fn money(model: &'static str, path: &'static str, source: &'static str) -> Case {
    Case { model, path, source, marked: Marked::Money }
}

const fn numbers(model: &'static str, path: &'static str, source: &'static str) -> Case {
    Case { model, path, source, marked: Marked::Numbers }
}

const CASES: [Case; 13] = [
    money("financesV0", "/finances/v0/financialEvents", "finance_event_pages"),
    money("financesV0", "/finances/v0/financialEventGroups/{eventGroupId}/financialEvents", "finance_event_pages"),
    money("financesV0", "/finances/v0/orders/{orderId}/financialEvents", "finance_event_pages"),
    money("financesV0", "/finances/v0/financialEventGroups", "finance_event_groups"),
    money("finances_2024-06-19", "/finances/2024-06-19/transactions", "finance_transactions"),
    money("ordersV0", "/orders/v0/orders", "orders_v0"),
    money("ordersV0", "/orders/v0/orders/{orderId}", "orders_v0"),
    money("ordersV0", "/orders/v0/orders/{orderId}/orderItems", "order_items_v0"),
    money("orders_2026-01-01", "/orders/2026-01-01/orders", "orders_2026"),
    money("orders_2026-01-01", "/orders/2026-01-01/orders/{orderId}", "orders_2026"),
    numbers("fbaInventory", "/fba/inventory/v1/summaries", "inventory_summaries"),
    numbers("catalogItems_2022-04-01", "/catalog/2022-04-01/items", "catalog_items"),
    numbers("catalogItems_2022-04-01", "/catalog/2022-04-01/items/{asin}", "catalog_items"),
];

/// Why a number needs no column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It states the sum of the elements beneath it in a list that recurs, each of which is in a column.
    ParentSum,
    /// Its member is declared as left out on purpose.
    LeftOut,
    /// It is kept, but in `_extra`, as drift.
    InExtra,
}

/// A number that is in no column, by its source and a member that leads to it.
struct Excuse {
    source: &'static str,
    member: &'static str,
    why: Why,
}

/// Reviewed, and as short as truth allows: each entry is needed, and excuses nothing that stands in a column.
/// Of money, sums of what is in columns are all that may be in it.
const EXCUSED: [Excuse; 3] = [
    // A level of fees over its parts: a row for it would count them twice. Leaves add up to the transaction's total,
    // which is in a column and compared (finance_lines__unbalanced).
    Excuse { source: "finance_transactions", member: "breakdowns", why: Why::ParentSum },
    // How many products a search found, in all and of each brand: of the request, not of a product.
    Excuse { source: "catalog_items", member: "numberOfResults", why: Why::LeftOut },
    // An attribute without a `value` makes no row of attributes.
    Excuse { source: "catalog_items", member: "num_batteries", why: Why::InExtra },
];

impl Excuse {
    fn covers(&self, mark: &Mark, source: &str, decoded: &Decoded) -> bool {
        let named = self.source == source && mark.keys.iter().any(|key| key == self.member);
        named
            && match self.why {
                Why::ParentSum => mark.parent_in.as_deref() == Some(self.member),
                Why::LeftOut => true,
                Why::InExtra => decoded.column("_extra").iter().flatten().any(|extra| extra.contains(&mark.text)),
            }
    }
}

/// One marked number: its text, and the members that lead to it.
struct Mark {
    text: String,
    keys: Vec<String>,
    /// The recursive list whose element, with elements of the same list beneath it, the number is of.
    parent_in: Option<String>,
}

/// Gives every number that counts a value of its own.
struct Marker {
    marked: Marked,
    marks: Vec<Mark>,
}

impl Marker {
    fn mark(&mut self, value: &mut Value, keys: &mut Vec<String>, parent_in: Option<&str>) {
        match value {
            Value::Object(members) => {
                let names: Vec<String> = members.keys().cloned().collect();
                for name in names {
                    let child = &mut members[&name];
                    let counts = match self.marked {
                        Marked::Numbers => child.is_number(),
                        Marked::Money => is_amount(&name, child),
                    };
                    keys.push(name);
                    if counts {
                        self.replace(child, keys, parent_in);
                    } else {
                        self.mark(child, keys, parent_in);
                    }
                    keys.pop();
                }
            }
            Value::Array(elements) => {
                let own = keys.last().cloned().unwrap_or_default();
                for element in elements {
                    let children = element.get(&own).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
                    self.mark(element, keys, children.then_some(own.as_str()));
                }
            }
            _ => {}
        }
    }

    fn replace(&mut self, value: &mut Value, keys: &[String], parent_in: Option<&str>) {
        let whole = value.is_i64() && self.marked == Marked::Numbers;
        let number = 7_000_001 + self.marks.len() * 10;
        let text = if whole { number.to_string() } else { format!("{number}.5") };
        *value = if value.is_string() { json!(text) } else { serde_json::from_str(&text).unwrap() };
        self.marks.push(Mark { text, keys: keys.to_vec(), parent_in: parent_in.map(str::to_owned) });
    }
}

fn is_amount(name: &str, value: &Value) -> bool {
    let named = ["Amount", "CurrencyAmount", "currencyAmount", "amount"].contains(&name);
    let numeric = |text: &str| text.parse::<f64>().is_ok();
    named && (value.is_number() || value.as_str().is_some_and(numeric))
}

/// Fills every field of a model's type: lists have an element for each value of an enum in them, recursion ends after
/// one turn.
struct Filler<'m> {
    definitions: &'m Value,
}

impl Filler<'_> {
    fn fill(&self, schema: &Value, seen: &[&str]) -> Option<Value> {
        if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
            if seen.iter().filter(|earlier| **earlier == name).count() > 1 {
                return None;
            }
            let deeper: Vec<&str> = seen.iter().copied().chain([name]).collect();
            return self.fill(&self.definitions[name], &deeper);
        }
        match schema["type"].as_str() {
            Some("array") => Some(Value::Array(self.elements(&schema["items"], seen))),
            Some("integer") => Some(json!(1)),
            Some("number") => Some(serde_json::from_str("1.5").unwrap()),
            Some("boolean") => Some(json!(true)),
            Some("string") => Some(match (schema["format"].as_str(), schema["enum"].get(0)) {
                (Some("date-time"), _) => json!("2026-03-01T00:00:00Z"),
                (Some("date"), _) => json!("2026-03-01"),
                (_, Some(first)) => first.clone(),
                _ => json!("1"),
            }),
            _ => {
                let own = schema["properties"].as_object().cloned().unwrap_or_default();
                let mut members = Map::new();
                for part in schema["allOf"].as_array().into_iter().flatten() {
                    if let Some(Value::Object(inherited)) = self.fill(part, seen) {
                        members.extend(inherited);
                    }
                }
                for (name, property) in own {
                    // Older models don't say which texts are instants, but for the name.
                    let instant = property["type"] == "string" && (name.ends_with("Date") || name.ends_with("Time"));
                    let value = if instant { Some(json!("2026-03-01T00:00:00Z")) } else { self.fill(&property, seen) };
                    members.extend(value.map(|value| (name, value)));
                }
                Some(Value::Object(members))
            }
        }
    }

    /// One element, or one for each value of the enum that tells elements apart.
    fn elements(&self, schema: &Value, seen: &[&str]) -> Vec<Value> {
        let Some(first) = self.fill(schema, seen) else { return Vec::new() };
        let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
        let properties = self.definitions[name]["properties"].as_object().cloned().unwrap_or_default();
        let Some((chooser, values)) = properties.iter().find_map(|(name, property)| {
            let values = property["enum"].as_array().filter(|values| values.len() > 1)?;
            Some((name, values.clone()))
        }) else {
            return vec![first];
        };
        let with = |value: &Value| {
            let mut element = first.clone();
            element[chooser] = value.clone();
            element
        };
        values.iter().map(with).collect()
    }
}

/// The sandbox answers of an operation, and one made up from its model.
fn answers(case: &Case) -> Option<Vec<Value>> {
    let path = shared(&format!("amazon-models/models/{}.json", case.model))?;
    let model: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let answer = &model["paths"][case.path]["get"]["responses"]["200"];
    let sandbox = answer["x-amzn-api-sandbox"]["static"].as_array().into_iter().flatten();
    let mut answers: Vec<Value> = sandbox.map(|entry| entry["response"].clone()).collect();
    answers.extend(answer["examples"].as_object().into_iter().flat_map(Map::values).cloned());
    let filled = Filler { definitions: &model["definitions"] }.fill(&answer["schema"], &[]).unwrap();
    answers.push(without_errors(filled));
    Some(answers)
}

/// A success has no errors; a model allows for both.
fn without_errors(mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        members.shift_remove("errors");
    }
    answer
}

fn keys_of(path: &[Segment]) -> Vec<Option<&str>> {
    let step = |segment| match segment {
        &Segment::Key(ref key) | &Segment::Leaves(ref key) => Some(Some(key.as_str())),
        Segment::AnyKey => Some(None),
        _ => None,
    };
    path.iter().filter_map(step).collect()
}

/// Whether a path's members are the last of `keys`, or all of them; levels of a recursive list may count once.
fn leads_to(path: &ColumnPath, keys: &[String]) -> bool {
    let mut once = keys.to_vec();
    once.dedup();
    ends_with(path, keys) || ends_with(path, &once)
}

fn ends_with(path: &ColumnPath, keys: &[String]) -> bool {
    let (wanted, whole) = match path {
        ColumnPath::Document(path) => (keys_of(path), true),
        ColumnPath::Enclosing(path) => (keys_of(path), false),
        ColumnPath::Names(_) => return false,
    };
    let skipped = keys.len().checked_sub(wanted.len());
    let fits =
        |at: usize| keys[at..].iter().zip(&wanted).all(|(key, wanted)| wanted.is_none_or(|wanted| wanted == key));
    skipped.is_some_and(|at| (at == 0 || !whole) && fits(at))
}

/// Whether the mark's number stands in a column whose path leads there; amounts found by `**` must say from where.
fn is_kept(mark: &Mark, source: &Source, decoded: &Decoded) -> bool {
    let mut keys = mark.keys.as_slice();
    if keys.first().is_some_and(|key| source.wrappers.contains(key)) {
        keys = &keys[1..];
    }
    let node_path = source.columns.values().find(|column| column.from == Some(Context::NodePath));
    let node_paths = node_path.map(|column| decoded.column(&column.name));
    let tail = keys[..keys.len() - 1].join(".");
    source.columns.values().filter(|column| !column.path.is_empty()).any(|column| {
        let subtree = column.column_type == sellerlake_schemas::ColumnType::Json;
        let leads = |path: &ColumnPath| {
            let lengths = if subtree { 1..=keys.len() } else { keys.len()..=keys.len() };
            lengths.into_iter().any(|length| leads_to(path, &keys[..length]))
        };
        if !column.path.iter().any(leads) {
            return false;
        }
        let cells = decoded.column(&column.name);
        cells.iter().enumerate().any(|(row, cell)| {
            let Some(cell) = cell else { return false };
            let holds = if subtree { cell.contains(&mark.text) } else { same_number(cell, &mark.text) };
            let found_by_depth = column.path.iter().any(|path| matches!(path, ColumnPath::Enclosing(_)));
            let from = node_paths.as_ref().and_then(|paths| paths[row].as_deref());
            let named = from.is_none_or(|from| tail == from || tail.ends_with(&format!(".{from}")));
            holds && (named || !found_by_depth)
        })
    })
}

fn same_number(cell: &str, text: &str) -> bool {
    let plain = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    if cell.contains('.') || text.contains('.') { plain(cell) == plain(text) } else { cell == text }
}

/// What became of an answer's marks.
#[derive(Default)]
struct Found {
    marks: usize,
    /// Paths of marks that are in no column and not excused.
    lost: BTreeSet<String>,
    /// Places in [`EXCUSED`] of entries that were needed.
    needed: BTreeSet<usize>,
    /// Paths of marks that an entry excuses although they are in a column.
    excused_in_vain: BTreeSet<String>,
}

/// The seller whom an answer names, where it names one.
fn seller_of(answer: &Value) -> Option<&str> {
    match answer {
        Value::Object(members) => match members.get("sellingPartnerId") {
            Some(seller) => seller.as_str(),
            None => members.values().find_map(seller_of),
        },
        Value::Array(values) => values.iter().find_map(seller_of),
        _ => None,
    }
}

/// What records of one answer are told apart by.
const IDS: [&str; 8] =
    ["AmazonOrderId", "OrderItemId", "orderId", "orderItemId", "transactionId", "FinancialEventGroupId", "asin", "sku"];

/// Tells the records of a list apart: Amazon's examples repeat one in variants, which no answer of one moment does.
fn tell_apart(answer: &mut Value) {
    match answer {
        Value::Object(members) => members.values_mut().for_each(tell_apart),
        Value::Array(values) => {
            for (number, value) in values.iter_mut().enumerate() {
                for name in IDS {
                    if let Some(Value::String(id)) = value.get_mut(name) {
                        id.push_str(&format!("-{number}"));
                    }
                }
                tell_apart(value);
            }
        }
        _ => {}
    }
}

fn look(case: &Case, answer: &Value, source: &Source) -> Found {
    let seller = seller_of(answer).unwrap_or_default().to_owned();
    let mut answer = answer.clone();
    tell_apart(&mut answer);
    let mut marker = Marker { marked: case.marked, marks: Vec::new() };
    marker.mark(&mut answer, &mut Vec::new(), None);
    let asked = Asked {
        marketplace: Some("ATVPDKIKX0DER"),
        // Amazon's examples are of any year.
        window: Some(if source.dated_by.is_empty() { "2026-03-01..2026-03-01" } else { "1970-01-01..2026-03-01" }),
        as_of: Some("2026-04-01T00:00:00Z"),
        seller: &seller,
        ..Asked::default()
    };
    let decoded = decode_bytes(source, &asked, answer.to_string().as_bytes(), 1);
    let outcome = &decoded.outcome;
    assert_eq!((&outcome.refused, outcome.rejected), (&None, 0), "{}: {:?}", case.path, outcome.rejects);
    let mut found = Found { marks: marker.marks.len(), ..Found::default() };
    for mark in &marker.marks {
        let path = || format!("{}: {}", case.path, mark.keys.join("."));
        let excuse = EXCUSED.iter().position(|excuse| excuse.covers(mark, case.source, &decoded));
        match (is_kept(mark, source, &decoded), excuse) {
            (true, None) => {}
            (true, Some(_)) => drop(found.excused_in_vain.insert(path())),
            (false, Some(excuse)) => drop(found.needed.insert(excuse)),
            (false, None) => drop(found.lost.insert(path())),
        }
    }
    found
}

#[test]
fn every_amount_of_amazons_examples_lands_in_a_column() {
    let schemas = built_in();
    let mut all = Found::default();
    for case in &CASES {
        let Some(answers) = answers(case) else { return };
        for answer in answers {
            let found = look(case, &answer, &source(&schemas, case.source));
            all.marks += found.marks;
            all.lost.extend(found.lost);
            all.needed.extend(found.needed);
            all.excused_in_vain.extend(found.excused_in_vain);
        }
    }
    assert!(all.lost.is_empty(), "of {} lost: {:#?}", all.marks, all.lost);
    assert!(all.excused_in_vain.is_empty(), "excused although they are kept: {:#?}", all.excused_in_vain);
    let idle = EXCUSED.iter().enumerate().filter(|(at, _)| !all.needed.contains(at));
    let idle: Vec<&str> = idle.map(|(_, excuse)| excuse.member).collect();
    assert!(idle.is_empty(), "nothing needs these excuses: {idle:?}");
    assert!(all.marks > 500, "only {} numbers were looked for", all.marks);
}

#[test]
fn of_money_nothing_but_sums_is_excused() {
    let of_money = |source: &str| CASES.iter().any(|case| case.source == source && case.marked == Marked::Money);
    let sums = EXCUSED.iter().filter(|excuse| of_money(excuse.source)).all(|excuse| excuse.why == Why::ParentSum);
    assert!(sums, "every leaf of Finances and Orders is in a column");
}

#[test]
fn a_missing_column_would_be_noticed() {
    let schemas = built_in();
    for (at, column) in [(0, "amount"), (4, "amount"), (4, "item_amount"), (8, "amount"), (10, "expired_quantity")] {
        let case = &CASES[at];
        let Some(answers) = answers(case) else { return };
        let mut source = source(&schemas, case.source).as_ref().clone();
        source.columns.shift_remove(column);
        assert!(
            answers.iter().any(|answer| !look(case, answer, &source).lost.is_empty()),
            "{} without {column}",
            case.path
        );
    }
}
