/*
doc = "Cost of the units sold, by day and SKU."
[documents]
cost_list = [{ sku = "sku" }]
fx_rates = [{ to_currency = "currency" }, { from_currency = "currency" }]
[through]
ledger_accrual = { on = ["day", "marketplace_id", "currency", "sku"], categories = ["product_sales"] }
*/
SELECT
    seller_id, 'cost_of_goods' AS category, local_day AS day, marketplace_id, currency,
    CAST(NULL AS VARCHAR) AS order_id, sku, cogs AS amount, units
FROM daily_profit
WHERE cogs IS NULL OR cogs <> 0
