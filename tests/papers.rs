//! Invented deliveries of both unit kinds that contradict each other, from a seed.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::lab::Paper;

const MARKETPLACE: &str = "ATVPDKIKX0DER";

/// A small generator of repeatable chance.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x6a09_e667_f3bc_c909)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % end as u64) as usize
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }
}

/// Deliveries about the same few orders, days, lists and settlements.
pub fn papers(seed: u64) -> Vec<Paper> {
    let mut dice = Dice::new(seed);
    let mut papers = Vec::new();
    for _ in 0..4 + dice.below(4) {
        papers.push(all_orders(&mut dice));
    }
    for _ in 0..2 + dice.below(3) {
        papers.push(fba_returns(&mut dice));
        papers.push(sales_and_traffic(&mut dice));
        papers.push(myi_inventory(&mut dice));
        papers.push(settlement(&mut dice));
    }
    for _ in 0..2 {
        papers.push(orders_v0(&mut dice));
        papers.push(order_items_v0(&mut dice));
    }
    papers.push(cost_list(&mut dice));
    papers.push(cost_list(&mut dice));
    papers
}

/// Orders by number; the day never changes, and two lie on another side of midnight where they were placed.
const PURCHASED: [&str; 6] = [
    "2026-02-10T12:00:00+00:00",
    "2026-02-28T23:30:00+00:00",
    "2026-03-01T03:00:00+00:00",
    "2026-03-15T08:00:00+00:00",
    "2026-03-31T23:59:59+00:00",
    "2026-04-01T01:00:00+00:00",
];

const UPDATED: [&str; 3] = ["2026-04-02T00:00:00+00:00", "2026-04-03T10:00:00+00:00", "2026-04-03T10:00:01+00:00"];

const AS_OF: [&str; 4] =
    ["2026-04-04T00:00:00Z", "2026-04-04T06:00:00Z", "2026-04-05T00:00:00Z", "2026-04-06T00:00:00Z"];

fn order_id(number: usize) -> String {
    format!("111-000000{number}-000000{number}")
}

fn all_orders(dice: &mut Dice) -> Paper {
    let mut text = String::from(
        "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\tsales-channel\t\
         sku\tasin\titem-status\tquantity\tcurrency\titem-price\titem-tax\n",
    );
    let mut numbers: Vec<usize> = (0..PURCHASED.len()).filter(|_| dice.below(3) > 0).collect();
    // An order may come twice, read before an update and after it.
    numbers.push(dice.below(PURCHASED.len()));
    for number in numbers {
        let updated = dice.pick(&UPDATED);
        let status = dice.pick(&["Shipped", "Pending", "Cancelled"]);
        // Rows of one order may be identical, and fewer than they once were.
        for _ in 0..=dice.below(3) {
            let (sku, quantity) = (dice.pick(&["MUG-1", "LAMP-2"]), dice.pick(&["1", "2"]));
            let price = if dice.once_in(6) { "n0t a price" } else { dice.pick(&["", "10.00", "19.99"]) };
            let head = format!("{}\t{}\t{updated}\t{status}\tAmazon\tAmazon.com", order_id(number), PURCHASED[number]);
            writeln!(text, "{head}\t{sku}\tB0{sku}\t{status}\t{quantity}\tUSD\t{price}\t0.80").unwrap();
        }
    }
    // Enough readable rows that a few bad ones hold back their orders, not the delivery.
    for _ in 0..dice.pick(&[5, 160]) {
        let head = format!("302-9999999-9999999\t{}\t{}\tShipped\tAmazon\tAmazon.de", PURCHASED[3], UPDATED[0]);
        writeln!(text, "{head}\tMUG-1\tB0MUG-1\tShipped\t1\tEUR\t9.50\t1.50").unwrap();
    }
    let as_of = (!dice.once_in(3)).then(|| dice.pick(&AS_OF));
    Paper::new("all_orders", as_of, text)
}

fn fba_returns(dice: &mut Dice) -> Paper {
    let first = dice.below(4);
    let last = first + dice.below(4);
    let days = ["02-26", "02-27", "02-28", "03-01", "03-02", "03-03", "03-04", "03-05"];
    let mut text = String::from("return-date\torder-id\tsku\tasin\tquantity\tdetailed-disposition\treason\tstatus\n");
    let heavy = dice.once_in(2);
    for (number, day) in days.iter().enumerate() {
        let rows = if heavy && number == last { 40 } else { dice.below(3) };
        for _ in 0..rows {
            let quantity = if dice.once_in(30) { "one" } else { "1" };
            let status = dice.pick(&["Unit returned to inventory", "Reimbursed"]);
            let head = format!("2026-{day}T10:00:00+00:00\t{}\tMUG-1\tB0MUG-1", order_id(dice.below(3)));
            writeln!(text, "{head}\t{quantity}\tSELLABLE\tUNWANTED_ITEM\t{status}").unwrap();
        }
    }
    if dice.once_in(4) {
        text.truncate(text.find('\n').unwrap() + 1);
    }
    let as_of = dice.pick(&["2026-03-01T06:00:00Z", "2026-03-05T00:00:00Z", "2026-03-20T00:00:00Z"]);
    let window = format!("2026-{}..2026-{}", days[first], days[last]);
    Paper { scope: Some("NA"), window: Some(window), ..Paper::new("fba_returns", Some(as_of), text) }
}

fn sales_and_traffic(dice: &mut Dice) -> Paper {
    let days = ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"];
    let first = dice.below(days.len());
    let last = first + dice.below(days.len() - first);
    let mut by_date = Vec::new();
    for day in &days[first..=last] {
        if dice.below(4) > 0 {
            let units = dice.below(9);
            by_date.push(json!({
                "date": day,
                "salesByDate": {"orderedProductSales": dollars(units * 7), "unitsOrdered": units},
                "trafficByDate": {"pageViews": units, "sessions": 1},
            }));
        }
    }
    let mut by_asin = Vec::new();
    for _ in 0..dice.below(4) {
        let (sku, units) = (dice.pick(&["MUG-1", "LAMP-2"]), dice.below(5));
        by_asin.push(json!({
            "parentAsin": format!("B0{sku}"),
            "sku": sku,
            "salesByAsin": {"unitsOrdered": units, "orderedProductSales": dollars(units * 7)},
            "trafficByAsin": {"pageViews": units, "sessions": 1},
        }));
    }
    let document = json!({
        "reportSpecification": {
            "reportType": "GET_SALES_AND_TRAFFIC_REPORT",
            "reportOptions": {"dateGranularity": "DAY", "asinGranularity": "SKU"},
            "dataStartTime": days[first],
            "dataEndTime": days[last],
            "marketplaceIds": [MARKETPLACE],
        },
        "salesAndTrafficByDate": by_date,
        "salesAndTrafficByAsin": by_asin,
    });
    // The first of these is too early for an absent day to count as empty.
    let as_of = dice.pick(&["2026-03-03T06:00:00Z", "2026-03-04T06:00:00Z", "2026-03-20T00:00:00Z"]);
    Paper { marketplace: Some(MARKETPLACE), ..Paper::new("sales_and_traffic", Some(as_of), document.to_string()) }
}

fn dollars(amount: usize) -> Value {
    json!({"amount": amount, "currencyCode": "USD"})
}

fn myi_inventory(dice: &mut Dice) -> Paper {
    let mut text = String::from(
        "sku\tfnsku\tasin\tproduct-name\tcondition\tyour-price\t\
         afn-warehouse-quantity\tafn-fulfillable-quantity\tafn-total-quantity\n",
    );
    for sku in ["MUG-1", "LAMP-2", "RUG-3"] {
        if dice.below(3) > 0 {
            let quantity = dice.below(20);
            writeln!(text, "{sku}\tX0{sku}\tB0{sku}\tThe {sku}\tNew\t10.00\t{quantity}\t{quantity}\t{quantity}")
                .unwrap();
        }
    }
    let as_of = dice.pick(&["2026-03-31T05:00:00Z", "2026-03-31T23:00:00Z", "2026-04-01T05:00:00Z"]);
    Paper { marketplace: Some(MARKETPLACE), ..Paper::new("myi_inventory", Some(as_of), text) }
}

fn settlement(dice: &mut Dice) -> Paper {
    let (id, end) = dice.pick(&[("90000000001", "2026-03-15"), ("90000000002", "2026-03-31")]);
    let mut text = String::from(
        "settlement-id\tsettlement-start-date\tsettlement-end-date\tdeposit-date\ttotal-amount\tcurrency\t\
         transaction-type\torder-id\tmarketplace-name\tamount-type\tamount-description\tamount\tposted-date\t\
         posted-date-time\tsku\tquantity-purchased\n",
    );
    let total = dice.pick(&["20.00", "30.00", "25.00"]);
    writeln!(text, "{id}\t2026-03-01 00:00:00 UTC\t{end} 00:00:00 UTC\t{end} 12:00:00 UTC\t{total}\tUSD").unwrap();
    let mut line = |amount: &str, kind: &str| {
        let head = format!("{id}\t\t\t\t\t\tOrder\t{}\tAmazon.com\t{kind}\tPrincipal", order_id(1));
        writeln!(text, "{head}\t{amount}\t2026-03-05\t2026-03-05 08:14:22 UTC\tMUG-1\t1").unwrap();
    };
    for _ in 0..dice.pick(&[2, 3]) {
        line("10.00", "ItemPrice");
    }
    for _ in 0..30 {
        line("0.00", "ItemFees");
    }
    if dice.once_in(3) {
        line("ten", "ItemPrice");
    }
    let as_of = dice.once_in(2).then(|| dice.pick(&AS_OF));
    Paper::new("settlement_v2", as_of, text)
}

fn orders_v0(dice: &mut Dice) -> Paper {
    let mut orders = Vec::new();
    for number in [1, 2, 4] {
        if dice.below(4) > 0 {
            orders.push(json!({
                "AmazonOrderId": order_id(number),
                "PurchaseDate": PURCHASED[number],
                "LastUpdateDate": dice.pick(&UPDATED),
                "OrderStatus": dice.pick(&["Shipped", "Pending", "Canceled"]),
                "FulfillmentChannel": "AFN",
                "SalesChannel": "Amazon.com",
                "MarketplaceId": MARKETPLACE,
                "OrderTotal": {"CurrencyCode": "USD", "Amount": format!("{}.00", dice.below(40))},
            }));
        }
    }
    let as_of = dice.once_in(2).then(|| dice.pick(&AS_OF));
    Paper::new("orders_v0", as_of, json!({"payload": {"Orders": orders}}).to_string())
}

fn order_items_v0(dice: &mut Dice) -> Paper {
    let mut pages = String::new();
    for number in [1, 2, 4] {
        let mut items = Vec::new();
        for item in 0..dice.below(3) {
            items.push(json!({
                "ASIN": "B0MUG-1",
                "SellerSKU": "MUG-1",
                "OrderItemId": format!("{number}{item}"),
                "QuantityOrdered": 1,
                "ItemPrice": {"CurrencyCode": "USD", "Amount": format!("{}.00", dice.below(40))},
            }));
        }
        let page = json!({"payload": {"AmazonOrderId": order_id(number), "OrderItems": items}});
        writeln!(pages, "{page}").unwrap();
    }
    Paper::new("order_items_v0", Some(dice.pick(&AS_OF)), pages)
}

fn cost_list(dice: &mut Dice) -> Paper {
    let mut text = String::from("sku,marketplace_id,valid_from,unit_cost,currency\n");
    for (sku, day) in [("MUG-1", "2026-01-01"), ("MUG-1", "2026-03-10"), ("LAMP-2", "2026-01-01")] {
        if dice.below(3) > 0 {
            writeln!(text, "{sku},,{day},{},USD", dice.pick(&["", "4.00", "5.50"])).unwrap();
        }
    }
    Paper::new("cost_list", Some(dice.pick(&AS_OF)), text)
}
