/*
doc = """
Order items counted on the local day they were ordered. UTC months don't end with local days, so neighbours are read
too. Replacements and multi-channel orders take stock but are no sales on Amazon, and are counted apart. Where prices
contain VAT or GST (amazon.md: Tax in prices), Amazon tells it beside some; in the others it follows from the user's
lists.
"""
emits = "-1..1"
[reads]
order_items = "-1..1"
marketplaces = "all"
vat_rates = "all"
vat_registrations = "all"
*/
-- A product's items of one order first: items are sorted by order, so this streams, and orders are counted without
-- remembering them.
WITH per_order AS (
    SELECT
        i.amazon_order_id, i.local_day, i.marketplace_id, i.sku, i.asin, i.is_mcf,
        coalesce(i.is_replacement, false) AS is_replacement,
        coalesce(i.currency, m.currency) AS currency,
        NOT i.is_mcf AND NOT coalesce(i.is_replacement, false) AS is_sale,
        count(*) AS order_items,
        sum(i.units) AS units,
        sum(CASE WHEN i.item_price IS NULL THEN i.units END) AS unpriced_units,
        sum(i.item_price) AS item_price,
        sum(i.item_tax) AS item_tax,
        sum(i.item_promotion_discount) AS item_promotion_discount,
        sum(i.shipping_price) AS shipping_price,
        sum(i.shipping_tax) AS shipping_tax,
        sum(i.ship_promotion_discount) AS ship_promotion_discount,
        sum(i.gift_wrap_price) AS gift_wrap_price,
        sum(i.gift_wrap_tax) AS gift_wrap_tax,
        sum(CASE WHEN i.item_tax <> 0 AND i.item_price IS NOT NULL THEN i.item_tax END) AS told_tax,
        sum(
            CASE WHEN coalesce(i.item_tax, 0) = 0 THEN i.item_price - coalesce(i.item_promotion_discount, 0) END
        ) AS untold_sales
    FROM order_items AS i
    LEFT JOIN marketplaces AS m ON m.marketplace_id = i.marketplace_id
    WHERE month_of(i.local_day) = $month AND NOT i.is_cancelled
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
),
by_product AS (
    SELECT
        local_day,
        marketplace_id,
        currency,
        sku,
        asin,
        count(*) FILTER (WHERE is_sale) AS orders,
        coalesce(sum(order_items) FILTER (WHERE is_sale), 0) AS order_items,
        coalesce(sum(units) FILTER (WHERE is_sale), 0) AS units,
        coalesce(sum(unpriced_units) FILTER (WHERE is_sale), 0) AS unpriced_units,
        coalesce(sum(units) FILTER (WHERE is_mcf), 0) AS mcf_units,
        coalesce(sum(units) FILTER (WHERE is_replacement AND NOT is_mcf), 0) AS replacement_units,
        sum(item_price) FILTER (WHERE is_sale) AS gross_sales,
        sum(item_tax) FILTER (WHERE is_sale) AS item_tax,
        sum(item_promotion_discount) FILTER (WHERE is_sale) AS item_promotion_discount,
        sum(shipping_price) FILTER (WHERE is_sale) AS shipping_sales,
        sum(shipping_tax) FILTER (WHERE is_sale) AS shipping_tax,
        sum(ship_promotion_discount) FILTER (WHERE is_sale) AS ship_promotion_discount,
        sum(gift_wrap_price) FILTER (WHERE is_sale) AS gift_wrap_sales,
        sum(gift_wrap_tax) FILTER (WHERE is_sale) AS gift_wrap_tax,
        ratio(
            sum(item_price) FILTER (WHERE is_sale),
            sum(units - coalesce(unpriced_units, 0)) FILTER (WHERE is_sale)
        ) AS average_unit_price,
        coalesce(sum(told_tax) FILTER (WHERE is_sale), 0) AS told_tax,
        coalesce(sum(untold_sales) FILTER (WHERE is_sale), 0) AS untold_sales
    FROM per_order
    GROUP BY local_day, marketplace_id, currency, sku, asin
)
SELECT
    b.local_day, b.marketplace_id, b.currency, b.sku, b.asin, b.orders, b.order_items, b.units, b.unpriced_units,
    b.mcf_units, b.replacement_units, b.gross_sales, b.item_tax, b.item_promotion_discount,
    -- The SKU's own rate decides, also when it says "unknown"; the place's rate only stands in.
    CAST(CASE
        WHEN b.gross_sales IS NULL OR m.vat_inclusive IS NULL THEN NULL
        WHEN NOT m.vat_inclusive THEN 0
        WHEN b.untold_sales = 0 OR NOT r.registered THEN -b.told_tax
        WHEN r.registered THEN -b.told_tax - ratio(
            b.untold_sales * CASE WHEN own.place IS NOT NULL THEN own.rate ELSE any_sku.rate END,
            100 + CASE WHEN own.place IS NOT NULL THEN own.rate ELSE any_sku.rate END
        )
    END AS DECIMAL(18, 4)) AS vat,
    b.shipping_sales, b.shipping_tax, b.ship_promotion_discount, b.gift_wrap_sales, b.gift_wrap_tax,
    b.average_unit_price
-- The lists stand first in each join: that side is held in memory, and the sales stream past it.
FROM vat_rates AS any_sku
RIGHT JOIN (
    vat_rates AS own
    RIGHT JOIN (
        vat_registrations AS r
        RIGHT JOIN (
            marketplaces AS m
            RIGHT JOIN by_product AS b ON m.marketplace_id = b.marketplace_id
        )
            ON r.marketplace_id = b.marketplace_id
            AND b.local_day >= r.valid_from AND (r.valid_to IS NULL OR b.local_day < r.valid_to)
    )
        ON own.sku = b.sku AND own.marketplace_id = b.marketplace_id
        AND b.local_day >= own.valid_from AND (own.valid_to IS NULL OR b.local_day < own.valid_to)
)
    ON any_sku.sku IS NULL AND any_sku.marketplace_id = b.marketplace_id
    AND b.local_day >= any_sku.valid_from AND (any_sku.valid_to IS NULL OR b.local_day < any_sku.valid_to)
