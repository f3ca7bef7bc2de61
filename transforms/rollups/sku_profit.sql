/*
doc = """
Profit and loss per month, marketplace, currency and SKU: daily_profit added up. One day of unknown cost leaves the
month's unknown, and so does one of unknown VAT. Ordered sales are those of daily_sales, so that TACOS divides by the
same sales there and here.
"""
[reads]
daily_profit = "0"
daily_sales = "0"
*/
WITH sums AS (
    SELECT
        marketplace_id, currency, sku,
        CAST(sum(units) AS BIGINT) AS units,
        CAST(sum(mcf_units) AS BIGINT) AS mcf_units,
        count(DISTINCT local_day) FILTER (WHERE units <> 0) AS days_sold,
        CAST(sum(product_sales) AS DECIMAL(18, 4)) AS product_sales,
        CAST(sum(shipping_income) AS DECIMAL(18, 4)) AS shipping_income,
        CAST(sum(giftwrap_income) AS DECIMAL(18, 4)) AS giftwrap_income,
        CAST(sum(promo_rebates) AS DECIMAL(18, 4)) AS promo_rebates,
        CAST(sum(other_charges) AS DECIMAL(18, 4)) AS other_charges,
        CAST(sum(refunds) AS DECIMAL(18, 4)) AS refunds,
        CAST(sum(referral_fees) AS DECIMAL(18, 4)) AS referral_fees,
        CAST(sum(refund_admin_fees) AS DECIMAL(18, 4)) AS refund_admin_fees,
        CAST(sum(closing_fees) AS DECIMAL(18, 4)) AS closing_fees,
        CAST(sum(fulfilment_fees) AS DECIMAL(18, 4)) AS fulfilment_fees,
        CAST(sum(shipping_chargebacks) AS DECIMAL(18, 4)) AS shipping_chargebacks,
        CAST(sum(other_order_fees) AS DECIMAL(18, 4)) AS other_order_fees,
        CAST(sum(storage_fees) AS DECIMAL(18, 4)) AS storage_fees,
        CAST(sum(inbound_fees) AS DECIMAL(18, 4)) AS inbound_fees,
        CAST(sum(removal_fees) AS DECIMAL(18, 4)) AS removal_fees,
        CAST(sum(return_processing_fees) AS DECIMAL(18, 4)) AS return_processing_fees,
        CAST(sum(subscription_fees) AS DECIMAL(18, 4)) AS subscription_fees,
        CAST(sum(promotion_fees) AS DECIMAL(18, 4)) AS promotion_fees,
        CAST(sum(other_service_fees) AS DECIMAL(18, 4)) AS other_service_fees,
        CAST(sum(advertising) AS DECIMAL(18, 4)) AS advertising,
        CAST(sum(tax_on_ads) AS DECIMAL(18, 4)) AS tax_on_ads,
        CAST(sum(reimbursements) AS DECIMAL(18, 4)) AS reimbursements,
        CAST(sum(liquidations) AS DECIMAL(18, 4)) AS liquidations,
        CAST(sum(other) AS DECIMAL(18, 4)) AS other,
        CAST(sum(net_sales) AS DECIMAL(18, 4)) AS net_sales,
        CAST(sum(net_proceeds) AS DECIMAL(18, 4)) AS net_proceeds,
        bool_or(vat_unknown) AS vat_unknown,
        CAST(CASE WHEN NOT bool_or(vat IS NULL) THEN sum(vat) END AS DECIMAL(18, 4)) AS vat,
        CAST(sum(marketplace_taxed_sales) AS DECIMAL(18, 4)) AS marketplace_taxed_sales,
        CAST(CASE WHEN NOT bool_or(tax_reclaimed IS NULL) THEN sum(tax_reclaimed) END AS DECIMAL(18, 4))
            AS tax_reclaimed,
        CAST(sum(reclaim_unknown_tax) AS DECIMAL(18, 4)) AS reclaim_unknown_tax,
        CAST(CASE WHEN NOT bool_or(vat_unknown) THEN sum(profit_before_cogs) END AS DECIMAL(18, 4))
            AS profit_before_cogs,
        bool_or(cost_unknown) AS cost_unknown,
        CAST(CASE WHEN NOT bool_or(cost_unknown) THEN sum(cogs) END AS DECIMAL(18, 4)) AS cogs,
        CAST(CASE WHEN NOT bool_or(cost_unknown OR vat_unknown) THEN sum(profit) END AS DECIMAL(18, 4)) AS profit,
        CAST(sum(advertising_billed) AS DECIMAL(18, 4)) AS advertising_billed,
        CAST(sum(tax_on_fees) AS DECIMAL(18, 4)) AS tax_on_fees,
        CAST(sum(tax_collected) AS DECIMAL(18, 4)) AS tax_collected,
        CAST(sum(tax_withheld) AS DECIMAL(18, 4)) AS tax_withheld
    FROM daily_profit
    GROUP BY marketplace_id, currency, sku
),
ordered AS (
    SELECT marketplace_id, currency, sku, CAST(sum(gross_sales) AS DECIMAL(18, 4)) AS ordered_sales
    FROM daily_sales
    GROUP BY marketplace_id, currency, sku
),
-- A month that gave back more than it sold has no share of sales: a loss over them would look like a gain.
earned AS (
    SELECT s.*, CASE WHEN s.net_sales + s.vat > 0 THEN s.net_sales + s.vat END AS positive_sales, o.ordered_sales
    FROM sums AS s
    LEFT JOIN ordered AS o
        ON s.marketplace_id = o.marketplace_id AND s.currency = o.currency AND s.sku = o.sku
)
SELECT
    $month AS local_month, marketplace_id, currency, sku, units, mcf_units, days_sold,
    product_sales,
    shipping_income,
    giftwrap_income,
    promo_rebates,
    other_charges,
    refunds,
    referral_fees,
    refund_admin_fees,
    closing_fees,
    fulfilment_fees,
    shipping_chargebacks,
    other_order_fees,
    storage_fees,
    inbound_fees,
    removal_fees,
    return_processing_fees,
    subscription_fees,
    promotion_fees,
    other_service_fees,
    advertising,
    tax_on_ads,
    reimbursements,
    liquidations,
    other,
    net_sales, net_proceeds, vat, vat_unknown,
    CASE WHEN vat_unknown THEN net_sales ELSE CAST(0 AS DECIMAL(18, 4)) END AS vat_unknown_sales,
    marketplace_taxed_sales, tax_reclaimed, reclaim_unknown_tax, profit_before_cogs, cogs, cost_unknown, profit,
    CASE WHEN profit IS NULL THEN units ELSE 0 END AS profit_unknown_units,
    CASE WHEN profit IS NULL THEN net_sales ELSE CAST(0 AS DECIMAL(18, 4)) END AS profit_unknown_sales,
    ratio(profit, positive_sales) AS margin,
    ratio(profit_before_cogs, positive_sales) AS margin_before_cogs,
    ratio(profit, -cogs) AS return_on_cost,
    ordered_sales,
    ratio(-advertising, ordered_sales) AS tacos,
    advertising_billed, tax_on_fees, tax_collected, tax_withheld
FROM earned
