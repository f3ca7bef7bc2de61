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

pub(crate) const COMPARISONS: [Comparison; 15] = [
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
];
