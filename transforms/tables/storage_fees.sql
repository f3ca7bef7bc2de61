/*
doc = """
The storage fee report names no SKU. Stock lists and movements of the neighbouring months tell it; an FNSKU they give
two SKUs stays without.
"""
[reads]
storage_fee_charges = "0"
inventory = "-1..1"
inventory_movements = "-1..1"
*/
WITH known AS (
    SELECT fnsku, sku FROM inventory
    UNION ALL
    SELECT fnsku, sku FROM inventory_movements
),
skus AS (
    SELECT fnsku, min(sku) AS sku
    FROM known
    WHERE fnsku IS NOT NULL AND sku IS NOT NULL
    GROUP BY fnsku
    HAVING min(sku) = max(sku)
)
SELECT
    c.month_of_charge AS charge_month,
    c.country_code,
    c.fulfillment_center AS fulfillment_center_id,
    c.fnsku,
    s.sku,
    c.asin,
    c.product_name,
    c.product_size_tier AS size_tier,
    c.average_quantity_on_hand AS average_units,
    c.average_quantity_pending_removal AS average_pending_removal_units,
    c.estimated_total_item_volume AS volume,
    c.volume_units AS volume_unit,
    c.currency,
    c.storage_rate AS rate,
    c.estimated_monthly_storage_fee AS estimated_fee,
    c.total_incentive_fee_amount AS incentive_amount,
    c.dangerous_goods_storage_type AS dangerous_goods_type
FROM storage_fee_charges AS c
LEFT JOIN skus AS s ON s.fnsku = c.fnsku
