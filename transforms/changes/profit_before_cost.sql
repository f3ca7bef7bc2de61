/*
doc = "Profit before the cost of goods, by day and SKU."
[through]
ledger_accrual = { on = ["day", "marketplace_id", "currency", "sku"] }
advertising = { on = ["day", "marketplace_id", "currency", "sku"] }
vat = { on = ["day", "marketplace_id", "currency", "sku"] }
*/
SELECT
    seller_id, 'profit_before_cost' AS category, local_day AS day, marketplace_id, currency,
    CAST(NULL AS VARCHAR) AS order_id, sku, profit_before_cogs AS amount, CAST(NULL AS BIGINT) AS units
FROM daily_profit
