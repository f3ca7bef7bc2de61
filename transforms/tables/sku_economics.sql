/*
doc = """
A product's day and its charges, gathered. Rows of whole weeks or months were asked for by somebody and stay in the
source.
"""
[reads]
economics = "0"
*/
SELECT
    start_date AS local_day,
    marketplace_id,
    msku AS sku,
    max(child_asin) AS asin,
    max(coalesce(ordered_product_sales_currency, net_proceeds_currency)) AS currency,
    max(units_ordered) FILTER (WHERE row_kind = 'product') AS ordered_units,
    max(units_refunded) FILTER (WHERE row_kind = 'product') AS refunded_units,
    max(ordered_product_sales) FILTER (WHERE row_kind = 'product') AS ordered_sales,
    max(refunded_product_sales) FILTER (WHERE row_kind = 'product') AS refunded_sales,
    coalesce(sum(charge_total) FILTER (WHERE row_kind = 'fee'), 0) AS fees,
    coalesce(sum(charge_total) FILTER (WHERE row_kind = 'fee' AND fee_type_name ILIKE '%referral%'), 0) AS referral_fees,
    coalesce(sum(charge_total) FILTER (WHERE row_kind = 'fee' AND fee_type_name ILIKE '%fulfil%'), 0) AS fulfillment_fees,
    coalesce(sum(charge_total) FILTER (WHERE row_kind = 'fee' AND fee_type_name ILIKE '%storage%'), 0) AS storage_fees,
    coalesce(sum(charge_total) FILTER (WHERE row_kind = 'ad'), 0) AS ads,
    max(net_proceeds) FILTER (WHERE row_kind = 'product') AS net_proceeds,
    max(cost_of_goods_sold) FILTER (WHERE row_kind = 'product') AS unit_cost
FROM economics
WHERE end_date = start_date
GROUP BY start_date, marketplace_id, msku
