/*
doc = "VAT or GST in prices, and what of that on fees and advertising comes back, by day and SKU; unknown where a list is."
[documents]
tax_rates = [{ place = "country_code" }, { place = "marketplace_id" }, { place = "match_name" }]
tax_registrations = [{ place = "country_code" }, { place = "marketplace_id" }, { place = "match_name" }]
[through]
ledger_accrual = { on = ["day", "marketplace_id", "currency", "sku"] }
*/
SELECT
    p.seller_id, 'vat' AS category, p.local_day AS day, p.marketplace_id, p.currency,
    CAST(NULL AS VARCHAR) AS order_id, p.sku, p.vat + p.tax_reclaimed AS amount, CAST(NULL AS BIGINT) AS units,
    m.country_code, m.match_name
FROM daily_profit AS p
LEFT JOIN marketplaces AS m ON p.marketplace_id = m.marketplace_id
WHERE p.vat_unknown OR p.vat <> 0 OR p.tax_reclaimed <> 0
