/*
doc = "Profit by day and SKU; unknown where a cost is."
[through]
profit_before_cost = { on = ["day", "marketplace_id", "currency", "sku"] }
cost_of_goods = { on = ["day", "marketplace_id", "currency", "sku"] }
*/
SELECT
    seller_id, 'profit' AS category, local_day AS day, marketplace_id, currency,
    CAST(NULL AS VARCHAR) AS order_id, sku, profit AS amount, CAST(NULL AS BIGINT) AS units
FROM daily_profit
