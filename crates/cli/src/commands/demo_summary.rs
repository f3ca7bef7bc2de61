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
        -- Of what daily_sales calls units: neither replacements nor what was sold elsewhere.
        SELECT marketplace_id, count(DISTINCT amazon_order_id) AS orders FROM order_items
        WHERE NOT is_cancelled AND NOT is_mcf AND NOT coalesce(is_replacement, false) GROUP BY 1
    ), profit AS (
        SELECT marketplace_id, currency, sum(profit_before_cogs) AS profit, count(*) FILTER (WHERE vat_unknown) AS partly,
            sum(vat_unknown_sales) AS unknown, sum(reclaim_unknown_tax) AS tax
        FROM daily_profit GROUP BY 1, 2
    ), ads AS (
        SELECT marketplace_id, currency, sum(cost) AS spend, sum(attributed_sales) AS attributed FROM ppc GROUP BY 1, 2
    )
    SELECT coalesce(m.country_code, 'other') AS market, s.currency, b.orders, s.units, s.sales, p.profit, p.partly, p.unknown, p.tax, a.spend,
        CASE WHEN a.attributed > 0 THEN round(100 * CAST(a.spend AS double) / CAST(a.attributed AS double), 1) END AS acos
    FROM sales AS s
    LEFT JOIN marketplaces AS m ON m.marketplace_id = s.marketplace_id
    LEFT JOIN bought AS b ON b.marketplace_id = s.marketplace_id
    LEFT JOIN profit AS p ON p.marketplace_id = s.marketplace_id AND p.currency = s.currency
    LEFT JOIN ads AS a ON a.marketplace_id = s.marketplace_id AND a.currency = s.currency
    ORDER BY s.currency, s.sales DESC";

/// Whether the settlements add up. One of less than nothing pays nothing out: it is owed, or taken from the next.
const SETTLEMENTS: &str = "SELECT currency, count(*) AS settlements, count(*) FILTER (WHERE balanced) AS balanced,
        coalesce(sum(total_amount) FILTER (WHERE total_amount > 0), 0) AS paid,
        count(finances_difference) AS compared, count(*) FILTER (WHERE finances_difference = 0) AS matched
    FROM settlement_reconciliation GROUP BY currency ORDER BY currency";

/// Heights of a bar.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Most bars in a row: what a terminal of 80 columns leaves beside the numbers.
const WIDTH: usize = 14;

pub(crate) async fn summarise(workspace: &Workspace, holder: &Holder) -> Result<()> {
    let granted = Granted::Sellers([holder.id.seller.clone()].into());
    let daily = rows(workspace, DAILY, &granted).await?;
    let totals = rows(workspace, TOTALS, &granted).await?;
    let settlements = rows(workspace, SETTLEMENTS, &granted).await?;
    printer::line("");
    printer::line(holder.id.to_string());
    printer::grid(&markets(&totals, &daily));
    settlements.iter().flat_map(reconciled).for_each(printer::line);
    printer::line("* without VAT, before the cost of goods: load a cost_list to have it in profit");
    totals.iter().filter_map(left_out).for_each(printer::line);
    Ok(())
}

/// A row for each marketplace and currency, below a head.
fn markets(totals: &[Row], daily: &[Row]) -> Vec<Vec<String>> {
    let (each, bars) = sparklines(daily);
    let sales_by = match each {
        1 => "daily sales".to_owned(),
        7 => "weekly sales".to_owned(),
        days => format!("{}-week sales", days / 7),
    };
    let head = ["", "orders", "units", "sales", "profit*", "ads", "ACOS", &sales_by];
    let mut grid = vec![head.map(str::to_owned).to_vec()];
    for row in totals {
        let text = |name: &str| text(row, name);
        let acos = if text("acos").is_empty() { String::new() } else { format!("{} %", text("acos")) };
        grid.push(vec![
            format!("{} {}", text("market"), text("currency")),
            text("orders"),
            text("units"),
            money(&text("sales")),
            money(&text("profit")) + if left_out(row).is_some() { "?" } else { "" },
            money(&text("spend")),
            acos,
            bars.get(&(text("market"), text("currency"))).cloned().unwrap_or_default(),
        ]);
    }
    right_aligned(&mut grid, 1..7);
    grid
}

/// What a marketplace's profit leaves out, where it does.
fn left_out(row: &Row) -> Option<String> {
    let (market, currency) = (text(row, "market"), text(row, "currency"));
    (!matches!(text(row, "partly").as_str(), "" | "0")).then(|| {
        let (unknown, tax) = (money(&text(row, "unknown")), money(&text(row, "tax")));
        format!("? {market}: VAT unknown: {unknown} {currency} of sales, {tax} fee tax (docs/lists.md)")
    })
}

/// What there is to say of the settlements of a currency.
fn reconciled(row: &Row) -> [String; 2] {
    let text = |name: &str| text(row, name);
    let compared = match (text("compared").as_str(), text("matched")) {
        ("0", _) => "none of them lies wholly within the transactions pulled".to_owned(),
        (compared, matched) => {
            format!("{compared} of them lie wholly within the transactions pulled, and {matched} match these")
        }
    };
    [
        format!(
            "settlements: {} of {} add up to the cent; paid out: {} {}",
            text("balanced"),
            text("settlements"),
            money(&text("paid")),
            text("currency")
        ),
        format!("  {compared}"),
    ]
}

async fn rows(workspace: &Workspace, statement: &str, granted: &Granted) -> Result<Vec<Row>> {
    let mut text = Vec::new();
    write(workspace.asking.ask(statement, granted).await?, OutputFormat::Json, &mut text).await?;
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
fn money(amount: &str) -> String {
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
    format!("{sign}{grouped}")
}

/// How many days a bar stands for, and the bars by marketplace and currency. One a day, or one for whole weeks where
/// there are more than fit; days before the first whole bar are left out.
fn sparklines(daily: &[Row]) -> (usize, BTreeMap<(String, String), String>) {
    let days: BTreeSet<String> = daily.iter().map(|row| text(row, "local_day")).collect();
    let each = if days.len() <= WIDTH { 1 } else { 7 * (days.len() / 7).div_ceil(WIDTH) };
    let days: Vec<String> = days.iter().skip(days.len() % each).cloned().collect();
    let mut sums: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for row in daily {
        let bars = sums.entry((text(row, "market"), text(row, "currency"))).or_default();
        bars.resize(days.len() / each, 0.0);
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
    (each, drawn.collect())
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

    fn row(pairs: &[(&str, &str)]) -> Row {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
    }

    fn sales(day: u64, sales: &str) -> Row {
        let first = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let day = (first + chrono::Days::new(day)).to_string();
        row(&[("market", "DE"), ("currency", "EUR"), ("local_day", &day), ("sales", sales)])
    }

    fn bars(daily: &[Row]) -> (usize, String) {
        let (each, mut bars) = sparklines(daily);
        (each, bars.remove(&("DE".to_owned(), "EUR".to_owned())).unwrap())
    }

    #[test]
    fn money_is_for_the_eye() {
        assert_eq!(money("-1234567.8900"), "-1,234,567");
        assert_eq!(money("12"), "12");
        assert_eq!(money(""), "");
    }

    #[test]
    fn a_bar_is_as_high_as_its_share() {
        assert_eq!(bars(&[sales(0, "10.00"), sales(1, "80.00"), sales(2, "0")]), (1, "▂█ ".to_owned()));
    }

    #[test]
    fn bars_of_many_days_stand_for_whole_weeks() {
        let of = |days: u64| bars(&(0..days).map(|day| sales(day, "1.00")).collect::<Vec<_>>());
        assert_eq!(of(14), (1, "█".repeat(14)));
        assert_eq!(of(90), (7, "█".repeat(12)));
        assert_eq!(of(730), (56, "█".repeat(13)));
    }

    #[test]
    fn a_terminal_of_eighty_columns_shows_it_all() {
        let daily: Vec<Row> = (0..98).map(|day| sales(day, "1.00")).collect();
        let market = row(&[
            ("market", "DE"),
            ("currency", "EUR"),
            ("orders", "123456"),
            ("units", "12345"),
            ("sales", "12345678.9000"),
            ("profit", "-1234567.0000"),
            ("spend", "1234567.0000"),
            ("acos", "12.3"),
        ]);
        let grid = markets(&[market], &daily);
        let width = |column: usize| grid.iter().map(|row| row[column].chars().count()).max().unwrap();
        assert_eq!(grid[0][7], "weekly sales");
        assert!((0..8).map(width).sum::<usize>() + 2 * 7 <= 80, "{grid:?}");
        let unknown = row(&[
            ("market", "DE"),
            ("currency", "EUR"),
            ("partly", "3"),
            ("unknown", "12345678.90"),
            ("tax", "-12345.60"),
        ]);
        let lines = left_out(&unknown);
        assert!(lines.is_some_and(
            |line| line.contains("12,345,678 EUR of sales, -12,345 fee tax") && line.chars().count() <= 80
        ));
        assert_eq!(left_out(&row(&[("market", "US"), ("currency", "USD"), ("partly", "0")])), None);
        let settlements = |compared: &str| {
            row(&[
                ("currency", "EUR"),
                ("settlements", "105"),
                ("balanced", "105"),
                ("paid", "12345678.90"),
                ("compared", compared),
                ("matched", compared),
            ])
        };
        for line in ["0", "104"].iter().flat_map(|compared| reconciled(&settlements(compared))) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
