//! What of a lake is compared with a simulator's truth, and how the lake says it.

/// One list of the truth and the statement that must give the same rows.
pub(crate) struct Comparison {
    /// What is compared, by the name of the lake's table.
    pub(crate) name: &'static str,
    /// Name of the list in the truth; several comparisons may read one.
    pub(crate) list: &'static str,
    /// Columns that tell rows apart.
    pub(crate) key: &'static [&'static str],
    /// Columns that must be equal, named as in the truth.
    pub(crate) values: &'static [&'static str],
    /// Pipelines the rows come from.
    pub(crate) pipelines: &'static [&'static str],
    /// Days of earlier history a row may need, where there is any: a release stands for money deferred so many days
    /// before, and counts by itself where that was never pulled.
    pub(crate) reaches_back: u64,
    /// A row is of all history: where some of it was never pulled, nothing is compared.
    pub(crate) whole: bool,
    /// Tables made of lists that nobody but the user can give: while one is empty, nothing is compared.
    pub(crate) lists: &'static [&'static str],
    /// The lake's side.
    pub(crate) sql: &'static str,
}

/// Days after which deferred money has been released: companies pay their bills up to 48 days later.
const DEFERRED: u64 = 49;

pub(crate) const COMPARISONS: [Comparison; 38] = [
    Comparison {
        name: "orders",
        list: "orders",
        key: &["order_id"],
        values: &["marketplace_id", "local_day", "currency", "status", "units", "revenue"],
        pipelines: &["all_orders"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT amazon_order_id AS order_id, marketplace_id, local_day, currency, status, units,
                  item_revenue AS revenue FROM orders",
    },
    Comparison {
        name: "daily_sales",
        list: "daily",
        key: &["local_day", "marketplace_id", "currency"],
        values: &["items", "units", "unpriced_units", "revenue"],
        pipelines: &["all_orders"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT local_day, marketplace_id, currency, sum(order_items) AS items, sum(units) AS units,
                  sum(unpriced_units) AS unpriced_units, coalesce(sum(gross_sales), 0) AS revenue
              FROM daily_sales WHERE marketplace_id IS NOT NULL GROUP BY 1, 2, 3 HAVING sum(order_items) > 0",
    },
    Comparison {
        name: "ledger_accrual",
        list: "ledger",
        key: &["local_day", "marketplace_id", "currency", "category", "is_refund"],
        values: &["amount", "lines"],
        pipelines: &["transactions"],
        reaches_back: DEFERRED,
        whole: false,
        lists: &[],
        sql: "SELECT local_day, marketplace_id, currency, category, is_refund, sum(amount) AS amount, count(*) AS lines
              FROM ledger_accrual GROUP BY 1, 2, 3, 4, 5",
    },
    Comparison {
        name: "ledger_cash",
        list: "cash",
        key: &["local_day", "marketplace_id", "currency", "category", "is_refund"],
        values: &["amount", "lines"],
        pipelines: &["transactions"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT local_day, marketplace_id, currency, category, is_refund, sum(amount) AS amount, count(*) AS lines
              FROM ledger_cash GROUP BY 1, 2, 3, 4, 5",
    },
    Comparison {
        name: "balance_movements",
        list: "balance",
        key: &["local_day", "marketplace_id", "currency"],
        values: &["amount", "lines"],
        pipelines: &["transactions"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT local_day, marketplace_id, currency, sum(amount) AS amount, count(*) AS lines
              FROM balance_movements GROUP BY 1, 2, 3",
    },
    Comparison {
        name: "fees",
        list: "fees",
        key: &["local_day", "marketplace_id", "currency", "category", "is_refund"],
        values: &["amount"],
        pipelines: &["transactions"],
        reaches_back: DEFERRED,
        whole: false,
        lists: &[],
        sql: "SELECT local_day, marketplace_id, currency, category, is_refund, sum(amount) AS amount
              FROM fees GROUP BY 1, 2, 3, 4, 5",
    },
    Comparison {
        name: "refunds",
        list: "refunds",
        key: &["local_day", "marketplace_id", "currency", "order_id", "sku"],
        values: &["principal", "refunds", "tax", "fees_returned", "refund_admin_fees", "total"],
        pipelines: &["transactions"],
        reaches_back: DEFERRED,
        whole: false,
        lists: &[],
        sql: "SELECT local_day, marketplace_id, currency, order_id, sku, principal, refunds, tax, fees_returned,
                  refund_admin_fees, total FROM refunds",
    },
    Comparison {
        name: "daily_profit",
        list: "vat",
        key: &["local_day", "marketplace_id", "currency", "sku"],
        values: &["sales", "vat", "reclaimed"],
        pipelines: &["transactions"],
        reaches_back: DEFERRED,
        whole: false,
        lists: &["vat_rates", "vat_registrations"],
        sql: "SELECT local_day, marketplace_id, currency, sku, net_sales AS sales, vat, tax_reclaimed AS reclaimed
              FROM daily_profit WHERE net_sales <> 0",
    },
    Comparison {
        name: "ppc",
        list: "ad_spend",
        key: &["day", "profile_id", "ad_product", "sku"],
        values: &["impressions", "clicks", "cost", "sales", "purchases"],
        pipelines: &["ads_sp_products", "ads_sp_campaigns", "ads_sb_campaigns", "ads_sd_products"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT day, profile_id, ad_product, sku, sum(impressions) AS impressions, sum(clicks) AS clicks,
                  sum(cost) AS cost, sum(attributed_sales) AS sales, sum(attributed_orders) AS purchases
              FROM ppc GROUP BY 1, 2, 3, 4",
    },
    Comparison {
        name: "reimbursement_gap",
        list: "gap",
        key: &["fnsku", "stock_pool"],
        values: &[
            "units_lost",
            "units_found",
            "units_damaged",
            "units_reimbursed_cash",
            "units_reimbursed_stock",
            "units_owed",
        ],
        pipelines: &["ledger", "reimbursements"],
        reaches_back: 0,
        whole: true,
        lists: &[],
        sql: "SELECT fnsku, stock_pool, units_lost, units_found, units_damaged, units_reimbursed_cash,
                  units_reimbursed_stock, units_owed FROM reimbursement_gap",
    },
    Comparison {
        name: "inventory",
        list: "stock",
        key: &["marketplace_id", "sku"],
        values: &["fulfillable"],
        pipelines: &["inventory"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT marketplace_id, sku, available_units AS fulfillable FROM inventory
              WHERE snapshot_day = (SELECT max(snapshot_day) FROM inventory)",
    },
    Comparison {
        name: "stranded_inventory",
        list: "stranded",
        key: &["marketplace_id", "sku"],
        values: &["unfulfillable"],
        pipelines: &["stranded"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        // A list without rows leaves none: the ledger says which is the newest.
        sql: "SELECT s.marketplace_id, s.sku, s.unfulfillable_units AS unfulfillable FROM stranded_inventory AS s
              INNER JOIN (SELECT scope, max(window_to) AS until FROM meta.slices
                          WHERE pipeline = 'stranded' AND status IN ('loaded', 'no_data') GROUP BY scope) AS n
                  ON n.scope = s.marketplace_id AND s.snapshot_day = CAST(n.until - INTERVAL '1 day' AS DATE)",
    },
    Comparison {
        name: "prices",
        list: "prices",
        key: &["marketplace_id", "sku"],
        values: &["currency", "price"],
        pipelines: &["prices"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT marketplace_id, sku, currency, price FROM prices WHERE price IS NOT NULL
              QUALIFY rank() OVER (PARTITION BY marketplace_id, sku ORDER BY price_day DESC) = 1",
    },
    Comparison {
        name: "fee_estimates",
        list: "prices",
        key: &["marketplace_id", "sku"],
        values: &["currency", "fulfillment_fee"],
        pipelines: &["fee_estimates"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT marketplace_id, sku, currency, fulfillment_fee FROM fee_estimates",
    },
    Comparison {
        name: "settlements",
        list: "settlements",
        key: &["settlement_id"],
        values: &["currency", "total"],
        pipelines: &["settlements"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT settlement_id, currency, total_amount AS total, ended_at FROM settlements",
    },
    Comparison {
        name: "order_items",
        list: "daily",
        key: &["local_day", "marketplace_id", "currency"],
        values: &["items", "units", "unpriced_units", "revenue"],
        pipelines: &["all_orders"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT i.local_day, i.marketplace_id, m.currency, count(*) AS items, sum(i.units) AS units,
                  sum(CASE WHEN i.item_price IS NULL THEN i.units ELSE 0 END) AS unpriced_units,
                  coalesce(sum(i.item_price), 0) AS revenue
              FROM order_items AS i INNER JOIN marketplaces AS m ON m.marketplace_id = i.marketplace_id
              WHERE NOT i.is_cancelled AND NOT i.is_mcf AND NOT coalesce(i.is_replacement, false)
              GROUP BY i.local_day, i.marketplace_id, m.currency",
    },
    Comparison {
        name: "daily_sales by product",
        list: "daily_sales",
        key: &["local_day", "marketplace_id", "currency", "sku", "asin"],
        values: &[
            "orders",
            "order_items",
            "units",
            "unpriced_units",
            "mcf_units",
            "replacement_units",
            "gross_sales",
            "item_promotion_discount",
            "shipping_sales",
            "ship_promotion_discount",
            "gift_wrap_sales",
        ],
        pipelines: &["all_orders"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT * FROM daily_sales",
    },
    Comparison {
        name: "daily_sales, tax in prices",
        list: "daily_sales",
        key: &["local_day", "marketplace_id", "currency", "sku", "asin"],
        values: &["vat"],
        pipelines: &["all_orders"],
        reaches_back: 0,
        whole: false,
        lists: &["vat_rates", "vat_registrations"],
        sql: "SELECT * FROM daily_sales",
    },
    Comparison {
        name: "sales_metrics",
        list: "metrics",
        key: &["day", "marketplace_id"],
        values: &["orders", "items", "units"],
        pipelines: &["sales_metrics"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT utc_day AS day, marketplace_id, orders, order_items AS items, units FROM sales_metrics
              WHERE order_items > 0",
    },
    Comparison {
        name: "traffic",
        list: "daily",
        key: &["local_day", "marketplace_id", "currency"],
        values: &["items", "units"],
        pipelines: &["traffic"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT day AS local_day, marketplace_id, currency, ordered_items AS items, ordered_units AS units
              FROM traffic WHERE granularity = 'DAY' AND ordered_items > 0",
    },
    Comparison {
        name: "traffic_by_asin",
        list: "daily",
        key: &["local_day", "marketplace_id", "currency"],
        values: &["items", "units"],
        pipelines: &["traffic"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT period_from AS local_day, marketplace_id, currency, sum(ordered_items) AS items,
                  sum(ordered_units) AS units
              FROM traffic_by_asin WHERE period_from = period_to GROUP BY 1, 2, 3 HAVING sum(ordered_items) > 0",
    },
    Comparison {
        name: "sku_economics",
        list: "daily",
        key: &["local_day", "marketplace_id", "currency"],
        values: &["units"],
        pipelines: &["sku_economics"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT local_day, marketplace_id, currency, sum(ordered_units) AS units FROM sku_economics
              GROUP BY 1, 2, 3 HAVING sum(ordered_units) > 0",
    },
    Comparison {
        name: "ledger_all",
        list: "ledger",
        key: &["local_day", "marketplace_id", "currency", "category", "is_refund"],
        values: &["amount", "lines"],
        pipelines: &["transactions"],
        reaches_back: DEFERRED,
        whole: false,
        lists: &[],
        sql: "SELECT local_day, marketplace_id, currency, category, is_refund, sum(amount) AS amount, count(*) AS lines
              FROM ledger_all WHERE in_accrual AND category_group <> 'balance' AND source = 'finances'
              GROUP BY 1, 2, 3, 4, 5",
    },
    Comparison {
        name: "finance_lines",
        list: "cash",
        key: &["local_day", "marketplace_id", "currency", "category", "is_refund"],
        values: &["amount", "lines"],
        pipelines: &["transactions"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql:
            "SELECT local_day(l.posted_at, m.zone) AS local_day, l.marketplace_id, l.currency, l.category, l.is_refund,
                  sum(l.amount) AS amount, count(*) AS lines
              FROM finance_lines AS l INNER JOIN marketplaces AS m ON m.marketplace_id = l.marketplace_id
              WHERE l.transaction_status = 'RELEASED' AND l.category_group <> 'balance' GROUP BY 1, 2, 3, 4, 5",
    },
    Comparison {
        name: "monthly_fees",
        list: "monthly_fees",
        key: &["local_day", "marketplace_id", "currency", "category"],
        values: &["amount", "tax"],
        pipelines: &["transactions"],
        reaches_back: DEFERRED,
        whole: false,
        lists: &[],
        sql: "SELECT local_month AS local_day, marketplace_id, currency, category, amount, tax FROM monthly_fees",
    },
    Comparison {
        name: "daily_profit by marketplace",
        list: "daily_profit",
        key: &["local_day", "marketplace_id", "currency"],
        values: &["sales", "refunds", "fees", "advertising", "reimbursements", "profit"],
        pipelines: &MONEY_AND_ADS,
        reaches_back: DEFERRED,
        whole: false,
        lists: &[],
        sql: "SELECT local_day, marketplace_id, currency,
                  sum(product_sales + shipping_income + giftwrap_income + promo_rebates + other_charges) AS sales,
                  sum(refunds) AS refunds,
                  sum(referral_fees + refund_admin_fees + closing_fees + fulfilment_fees + shipping_chargebacks
                      + other_order_fees + storage_fees + inbound_fees + removal_fees + return_processing_fees
                      + subscription_fees + promotion_fees + other_service_fees) AS fees,
                  sum(advertising) AS advertising, sum(reimbursements) AS reimbursements,
                  sum(net_proceeds) AS profit
              FROM daily_profit GROUP BY 1, 2, 3",
    },
    Comparison {
        name: "sku_profit",
        list: "monthly_profit",
        key: &["local_day", "marketplace_id", "currency"],
        values: &["product_sales", "sales", "refunds", "advertising", "reimbursements", "profit"],
        pipelines: &MONEY_AND_ADS,
        reaches_back: DEFERRED,
        whole: false,
        lists: &[],
        sql: "SELECT local_month AS local_day, marketplace_id, currency, sum(product_sales) AS product_sales,
                  sum(net_sales - refunds) AS sales, sum(refunds) AS refunds, sum(advertising) AS advertising,
                  sum(reimbursements) AS reimbursements, sum(net_proceeds) AS profit
              FROM sku_profit GROUP BY 1, 2, 3",
    },
    Comparison {
        name: "refund_rates",
        list: "monthly_profit",
        key: &["local_day", "marketplace_id", "currency"],
        values: &["product_sales", "refunds"],
        pipelines: &["transactions", "returns"],
        reaches_back: DEFERRED,
        whole: false,
        lists: &[],
        // Of an order whose refund isn't known nobody knows the marketplace.
        sql: "SELECT local_month AS local_day, marketplace_id, currency, sum(product_sales) AS product_sales,
                  sum(refunds) AS refunds
              FROM refund_rates WHERE marketplace_id IS NOT NULL GROUP BY 1, 2, 3",
    },
    Comparison {
        name: "daily_ppc",
        list: "ad_days",
        key: &["day", "marketplace_id", "currency", "ad_product"],
        values: &["impressions", "clicks", "cost", "sales", "purchases"],
        pipelines: &["ads_sp_products", "ads_sp_campaigns", "ads_sb_campaigns", "ads_sd_products"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT day, marketplace_id, currency, ad_product, impressions, clicks, cost, attributed_sales AS sales,
                  attributed_orders AS purchases FROM daily_ppc",
    },
    Comparison {
        name: "inventory_health",
        list: "health",
        key: &["marketplace_id", "sku"],
        values: &["fulfillable", "units_sold", "pool_units_sold"],
        pipelines: &["inventory", "all_orders"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT marketplace_id, sku, available_units AS fulfillable, units_sold_30d AS units_sold,
                  pool_units_sold_30d AS pool_units_sold FROM inventory_health",
    },
    Comparison {
        name: "inventory_movements",
        list: "movements",
        key: &["day", "country", "sku", "event_type", "disposition"],
        values: &["rows", "units"],
        pipelines: &["ledger"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT movement_day AS day, country_code AS country, sku, event_type, disposition, count(*) AS rows,
                  sum(units) AS units FROM inventory_movements GROUP BY 1, 2, 3, 4, 5",
    },
    Comparison {
        name: "returns",
        list: "returns",
        key: &["day", "order_id", "sku", "disposition"],
        values: &["units"],
        pipelines: &["returns"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT return_day AS day, amazon_order_id AS order_id, sku, disposition, sum(units) AS units
              FROM returns GROUP BY 1, 2, 3, 4",
    },
    Comparison {
        name: "reimbursements",
        list: "reimbursements",
        key: &["reimbursement_id", "sku"],
        values: &["day", "currency", "amount", "units"],
        pipelines: &["reimbursements"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT reimbursement_id, sku, approval_day AS day, currency, amount_total AS amount, units_total AS units
              FROM reimbursements",
    },
    Comparison {
        name: "listings",
        list: "prices",
        key: &["marketplace_id", "sku"],
        values: &["asin", "currency", "price"],
        pipelines: &["listings"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT marketplace_id, sku, asin, currency, price FROM listings",
    },
    Comparison {
        name: "listing_status",
        list: "prices",
        key: &["marketplace_id", "sku"],
        values: &["asin", "currency", "price"],
        pipelines: &["listing_items"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT marketplace_id, sku, asin, currency, price FROM listing_status",
    },
    Comparison {
        name: "products",
        list: "prices",
        key: &["marketplace_id", "asin"],
        values: &[],
        pipelines: &["products"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT marketplace_id, asin FROM products",
    },
    Comparison {
        name: "settlement_lines",
        list: "settlements",
        key: &["settlement_id"],
        values: &["currency", "total", "lines"],
        pipelines: &["settlements"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT settlement_id, currency, sum(amount) AS total, count(*) AS lines,
                  max(settlement_ended_at) AS ended_at
              FROM settlement_lines GROUP BY 1, 2",
    },
    Comparison {
        name: "settlement_reconciliation",
        list: "settlements",
        key: &["settlement_id"],
        values: &["currency", "total"],
        pipelines: &["settlements"],
        reaches_back: 0,
        whole: false,
        lists: &[],
        sql: "SELECT settlement_id, currency, balance_movements + activity AS total, ended_at
              FROM settlement_reconciliation WHERE balanced AND coalesce(finances_difference, 0) = 0",
    },
];

/// Pipelines that profit comes from.
const MONEY_AND_ADS: [&str; 5] =
    ["transactions", "ads_sp_products", "ads_sp_campaigns", "ads_sb_campaigns", "ads_sd_products"];

/// Tables and rollups of which a simulator knows nothing, and why.
#[cfg(test)]
const NOT_COMPARED: [(&str, &str); 14] = [
    ("costs", "a list of the user's"),
    ("fx", "a list of the user's"),
    ("deferral_links", "the ids of transactions are the answers' own; what the links are for is in the ledger"),
    ("deferred_orders", "what is still deferred is in the ledger"),
    ("finance_days", "which days were asked for is in the coverage"),
    ("finance_events", "no pipeline pulls Finances v0"),
    ("listing_issues", "what Amazon objects to is invented by the answers"),
    ("money_days", "which view of the money counts is the lake's own decision"),
    ("money_sources", "which view of the money counts is the lake's own decision"),
    ("moved_transactions", "the ids of transactions are the answers' own, and none of them moves"),
    ("ppc_search_terms", "search terms are invented by the reports; their money is in ppc"),
    ("storage_fees", "an estimate invented by the report; what was charged is in the ledger"),
    ("vat_rates", "a list of the user's"),
    ("vat_registrations", "a list of the user's"),
];

#[cfg(test)]
mod tests {
    use sellerlake_transforms::Declarations;

    use super::*;

    #[test]
    fn every_table_is_compared_or_says_why_not() {
        let compared = |name: &str| COMPARISONS.iter().any(|one| one.name.split([' ', ',']).next() == Some(name));
        for name in Declarations::load(None).unwrap().stages.keys() {
            let excused = NOT_COMPARED.iter().any(|(table, _)| table == name);
            assert!(
                compared(name) != excused,
                "{name}: compare it with the truth, or say why that can't be, and not both"
            );
        }
    }
}
