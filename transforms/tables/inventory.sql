/*
doc = """
Three sources list the same stock at different moments of a day, so a row's quantities come whole from one of them;
twins in it survive. Only the planning report knows ages; they are added to the row of the same day. Rows that repeat
another marketplace's stock (Pan-European FBA) are marked, not removed: each marketplace's own view stays complete.
"""
[reads]
inventory_summaries = "0"
myi_inventory = "0"
inventory_planning = "0"
marketplaces = "all"
*/
WITH planning AS (
    SELECT p.*, coalesce(p.marketplace_id, by_name.marketplace_id, by_country.marketplace_id) AS market
    FROM inventory_planning AS p
    LEFT JOIN marketplaces AS by_name ON by_name.match_name = lower(p.marketplace)
    LEFT JOIN marketplaces AS by_country
        ON by_country.country_code = CASE WHEN upper(p.marketplace) = 'UK' THEN 'GB' ELSE upper(p.marketplace) END
),
lists AS (
    SELECT
        1 AS precedence, 'inventory_summaries' AS origin, snapshot_day, marketplace_id, seller_sku AS sku,
        fn_sku AS fnsku, asin, product_name, condition,
        total_quantity AS total_units,
        fulfillable_quantity AS available_units,
        total_reserved_quantity AS reserved_units,
        pending_customer_order_quantity AS reserved_orders_units,
        pending_transshipment_quantity AS reserved_transfer_units,
        fc_processing_quantity AS reserved_processing_units,
        inbound_working_quantity AS inbound_working_units,
        inbound_shipped_quantity AS inbound_shipped_units,
        inbound_receiving_quantity AS inbound_receiving_units,
        total_unfulfillable_quantity AS unfulfillable_units,
        total_researching_quantity AS researching_units
    FROM inventory_summaries
    WHERE seller_sku IS NOT NULL
    UNION ALL
    SELECT
        2, 'myi_inventory', snapshot_day, marketplace_id, sku, fnsku, asin, product_name, condition,
        afn_total_quantity, afn_fulfillable_quantity, afn_reserved_quantity, NULL, NULL, NULL,
        afn_inbound_working_quantity, afn_inbound_shipped_quantity, afn_inbound_receiving_quantity,
        afn_unsellable_quantity, afn_researching_quantity
    FROM myi_inventory
    UNION ALL
    SELECT
        3, 'inventory_planning', snapshot_day, market, sku, fnsku, asin, product_name, condition,
        NULL, available, reserved_quantity, reserved_customer_order, reserved_fc_transfer, reserved_fc_processing,
        inbound_working, inbound_shipped, inbound_received, unfulfillable_quantity, NULL
    FROM planning
),
standing AS (
    SELECT *
    FROM lists
    QUALIFY rank() OVER (PARTITION BY snapshot_day, marketplace_id, sku, fnsku ORDER BY precedence) = 1
),
ages AS (
    SELECT
        snapshot_day, coalesce(market, '') AS market, sku, coalesce(fnsku, '') AS fnsku,
        max(inv_age_0_to_90_days) AS age_0_90_units,
        max(inv_age_91_to_180_days) AS age_91_180_units,
        max(inv_age_181_to_270_days) AS age_181_270_units,
        max(inv_age_271_to_365_days) AS age_271_365_units,
        max(coalesce(inv_age_365_plus_days, inv_age_366_to_455_days + inv_age_456_plus_days)) AS age_365_plus_units,
        max(estimated_excess_quantity) AS excess_units
    FROM planning
    GROUP BY 1, 2, 3, 4
),
pools AS (
    SELECT s.*, coalesce(m.stock_pool, s.marketplace_id) AS stock_pool
    FROM standing AS s
    LEFT JOIN marketplaces AS m ON m.marketplace_id = s.marketplace_id
)
SELECT
    p.snapshot_day, p.marketplace_id, p.sku, p.fnsku, p.asin, p.product_name, p.condition,
    p.total_units, p.available_units, p.reserved_units,
    p.reserved_orders_units, p.reserved_transfer_units, p.reserved_processing_units,
    p.inbound_working_units, p.inbound_shipped_units, p.inbound_receiving_units,
    p.unfulfillable_units, p.researching_units,
    a.age_0_90_units, a.age_91_180_units, a.age_181_270_units, a.age_271_365_units, a.age_365_plus_units,
    a.excess_units,
    p.stock_pool,
    p.stock_pool IS NOT NULL AND p.fnsku IS NOT NULL
        AND dense_rank() OVER (PARTITION BY p.snapshot_day, p.stock_pool, p.fnsku ORDER BY p.marketplace_id) > 1
        AS is_pool_repeat,
    p.origin
FROM pools AS p
LEFT JOIN ages AS a
    ON a.snapshot_day = p.snapshot_day AND a.market = coalesce(p.marketplace_id, '')
    AND a.sku = p.sku AND a.fnsku = coalesce(p.fnsku, '')
