/*
doc = """
Profit and loss per month, marketplace, currency and SKU: daily_profit added up. One day of unknown cost leaves the
month's unknown.
"""
[reads]
daily_profit = "0"
*/
WITH sums AS (
    SELECT
        marketplace_id, currency, sku,
        CAST(sum(units) AS BIGINT) AS units,
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
        CAST(sum(reimbursements) AS DECIMAL(18, 4)) AS reimbursements,
        CAST(sum(liquidations) AS DECIMAL(18, 4)) AS liquidations,
        CAST(sum(other) AS DECIMAL(18, 4)) AS other,
        CAST(sum(profit_before_cogs) AS DECIMAL(18, 4)) AS profit_before_cogs,
        bool_or(cost_unknown) AS cost_unknown,
        CAST(CASE WHEN NOT bool_or(cost_unknown) THEN sum(cogs) END AS DECIMAL(18, 4)) AS cogs,
        CAST(CASE WHEN NOT bool_or(cost_unknown) THEN sum(profit) END AS DECIMAL(18, 4)) AS profit,
        CAST(sum(advertising_billed) AS DECIMAL(18, 4)) AS advertising_billed,
        CAST(sum(tax_on_fees) AS DECIMAL(18, 4)) AS tax_on_fees,
        CAST(sum(tax_collected) AS DECIMAL(18, 4)) AS tax_collected,
        CAST(sum(tax_withheld) AS DECIMAL(18, 4)) AS tax_withheld
    FROM daily_profit
    GROUP BY marketplace_id, currency, sku
),
netted AS (
    SELECT
        *,
        CAST(
            product_sales + shipping_income + giftwrap_income + promo_rebates + other_charges + refunds
            AS DECIMAL(18, 4)
        ) AS net_sales
    FROM sums
),
-- A month that gave back more than it sold has no share of sales: a loss over them would look like a gain.
earned AS (
    SELECT *, CASE WHEN net_sales > 0 THEN net_sales END AS positive_sales
    FROM netted
)
SELECT
    $month AS local_month, marketplace_id, currency, sku, units, days_sold,
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
    reimbursements,
    liquidations,
    other,
    net_sales, profit_before_cogs, cogs, cost_unknown, profit,
    ratio(profit, positive_sales) AS margin,
    ratio(profit_before_cogs, positive_sales) AS margin_before_cogs,
    ratio(profit, -cogs) AS return_on_cost,
    ratio(-advertising, positive_sales) AS tacos,
    advertising_billed, tax_on_fees, tax_collected, tax_withheld
FROM earned
