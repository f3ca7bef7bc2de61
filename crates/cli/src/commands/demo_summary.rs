//! What a lake says of a seller, on one screen.

use std::collections::{BTreeMap, BTreeSet};

use sellerlake_contracts::Result;
use sellerlake_pipelines::{Granted, Holder, Workspace};
use sellerlake_query::output::{OutputFormat, write};
use serde_json::{Map, Value};

use crate::printer;

type Row = Map<String, Value>;

/// Sales of each marketplace, by day.
const DAILY: &str = "SELECT coalesce(m.country_code, 'other') AS market, s.currency, s.local_day,
        sum(s.gross_sales) AS sales
    FROM daily_sales AS s LEFT JOIN marketplaces AS m ON m.marketplace_id = s.marketplace_id
    WHERE s.marketplace_id IS NOT NULL
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";

/// Orders, units, sales, profit and advertising of each marketplace.
const TOTALS: &str = "WITH sales AS (
        SELECT marketplace_id, currency, sum(units) AS units, sum(gross_sales) AS sales
        FROM daily_sales WHERE marketplace_id IS NOT NULL GROUP BY 1, 2
    ), bought AS (
        SELECT marketplace_id, count(*) AS orders FROM orders WHERE status <> 'Cancelled' GROUP BY 1
    ), profit AS (
        SELECT marketplace_id, currency, sum(profit_before_cogs) AS profit FROM daily_profit GROUP BY 1, 2
    ), ads AS (
        SELECT marketplace_id, currency, sum(cost) AS spend, sum(attributed_sales) AS attributed FROM ppc GROUP BY 1, 2
    )
    SELECT coalesce(m.country_code, 'other') AS market, s.currency, b.orders, s.units, s.sales, p.profit, a.spend,
        CASE WHEN a.attributed > 0 THEN round(100 * CAST(a.spend AS double) / CAST(a.attributed AS double), 1) END AS acos
    FROM sales AS s
    LEFT JOIN marketplaces AS m ON m.marketplace_id = s.marketplace_id
    LEFT JOIN bought AS b ON b.marketplace_id = s.marketplace_id
    LEFT JOIN profit AS p ON p.marketplace_id = s.marketplace_id AND p.currency = s.currency
    LEFT JOIN ads AS a ON a.marketplace_id = s.marketplace_id AND a.currency = s.currency
    ORDER BY s.currency, s.sales DESC";

/// Whether the settlements add up.
const SETTLEMENTS: &str = "SELECT currency, count(*) AS settlements, count(*) FILTER (WHERE balanced) AS balanced,
        sum(total_amount) AS paid, count(*) FILTER (WHERE finances_difference = 0) AS matched
    FROM settlement_reconciliation GROUP BY currency ORDER BY currency";

/// Weeks shown as bars.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Most bars in a row: a terminal's width, with room for the rest.
const WIDTH: usize = 45;

pub(crate) async fn summarise(workspace: &Workspace, holder: &Holder) -> Result<()> {
    let granted = Granted::Sellers([holder.id.seller.clone()].into());
    let daily = rows(workspace, DAILY, &granted).await?;
    let totals = rows(workspace, TOTALS, &granted).await?;
    let settlements = rows(workspace, SETTLEMENTS, &granted).await?;
    printer::line(format!("\n{}", holder.id));
    let bars = sparklines(&daily);
    let head = ["", "orders", "units", "sales", "profit*", "ads", "ACOS", "daily sales"].map(str::to_owned).to_vec();
    let mut grid = vec![head];
    for row in &totals {
        let text = |name: &str| text(row, name);
        let acos = if text("acos").is_empty() { String::new() } else { format!("{} %", text("acos")) };
        grid.push(vec![
            text("market"),
            text("orders"),
            text("units"),
            money(&text("sales"), &text("currency")),
            money(&text("profit"), &text("currency")),
            money(&text("spend"), &text("currency")),
            acos,
            bars.get(&(text("market"), text("currency"))).cloned().unwrap_or_default(),
        ]);
    }
    right_aligned(&mut grid, 1..7);
    printer::grid(&grid);
    for row in &settlements {
        let text = |name: &str| text(row, name);
        printer::line(format!(
            "settlements: {} of {} add up to the cent, {} match the transactions; {} paid out",
            text("balanced"),
            text("settlements"),
            text("matched"),
            money(&text("paid"), &text("currency")),
        ));
    }
    printer::line("* before the cost of goods: load a cost_list to have it in profit");
    Ok(())
}

async fn rows(workspace: &Workspace, statement: &str, granted: &Granted) -> Result<Vec<Row>> {
    let mut text = Vec::new();
    write(workspace.ask(statement, granted).await?, OutputFormat::Json, &mut text).await?;
    let lines = std::str::from_utf8(&text).unwrap_or_default().lines();
    Ok(lines.filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn text(row: &Row, name: &str) -> String {
    match row.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Digits in groups, without the decimals: a summary is for the eye.
fn money(amount: &str, currency: &str) -> String {
    let whole = amount.split('.').next().unwrap_or_default();
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    if digits.is_empty() {
        return String::new();
    }
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped} {currency}")
}

/// One bar a day, or one for several days where there are more than fit.
fn sparklines(daily: &[Row]) -> BTreeMap<(String, String), String> {
    let days: BTreeSet<String> = daily.iter().map(|row| text(row, "local_day")).collect();
    let days: Vec<String> = days.into_iter().collect();
    let each = days.len().div_ceil(WIDTH).max(1);
    let mut sums: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for row in daily {
        let bars = sums.entry((text(row, "market"), text(row, "currency"))).or_default();
        bars.resize(days.len().div_ceil(each), 0.0);
        // Only the height of a bar: no amount is taken from here.
        let height: f64 = text(row, "sales").parse().unwrap_or(0.0);
        if let Ok(day) = days.binary_search(&text(row, "local_day")) {
            bars[day / each] += height;
        }
    }
    let drawn = sums.into_iter().map(|(key, bars)| {
        let highest = bars.iter().copied().fold(0.0, f64::max);
        let bar = |height: f64| match height {
            height if height <= 0.0 => ' ',
            height => BARS[((height / highest * 7.0).round() as usize).min(7)],
        };
        (key, bars.into_iter().map(bar).collect())
    });
    drawn.collect()
}

fn right_aligned(grid: &mut [Vec<String>], columns: std::ops::Range<usize>) {
    for column in columns {
        let width = grid.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        for row in grid.iter_mut() {
            if let Some(cell) = row.get_mut(column) {
                *cell = format!("{cell:>width$}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_for_the_eye() {
        assert_eq!(money("-1234567.8900", "EUR"), "-1,234,567 EUR");
        assert_eq!(money("12", "JPY"), "12 JPY");
        assert_eq!(money("", "EUR"), "");
    }

    #[test]
    fn a_bar_is_as_high_as_its_share() {
        let row = |day: &str, sales: &str| {
            let pairs = [("market", "DE"), ("currency", "EUR"), ("local_day", day), ("sales", sales)];
            pairs.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect::<Row>()
        };
        let bars = sparklines(&[row("2026-01-01", "10.00"), row("2026-01-02", "80.00"), row("2026-01-03", "0")]);
        assert_eq!(bars[&("DE".to_owned(), "EUR".to_owned())], "▂█ ");
    }
}
