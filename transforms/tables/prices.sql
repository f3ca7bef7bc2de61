/*
doc = """
The seller's own offer of a SKU and the featured offer of its product, told by two operations that are asked on the same
day. Of prices by kind of buyer, the one for everybody counts.
"""
[reads]
own_prices = "0"
competitive_prices = "0"
*/
WITH own AS (
    SELECT
        price_day, coalesce(marketplace_id, '') AS market, seller_sku AS sku,
        max(asin) AS asin,
        max(currency) AS currency,
        max(listing_price) AS price,
        max(shipping) AS shipping,
        max(landed_price) AS landed_price,
        max(regular_price) AS regular_price,
        max(business_price) AS business_price,
        max(fulfillment_channel) AS fulfillment_channel,
        max(item_condition) AS item_condition
    FROM own_prices
    WHERE status = 'Success' AND coalesce(offer_type, 'B2C') = 'B2C' AND coalesce(offer_sku, seller_sku) = seller_sku
    GROUP BY 1, 2, 3
),
asked AS (
    SELECT
        *,
        row_kind = 'price' AND competitive_price_id = '1' AND coalesce(offer_type, 'B2C') = 'B2C'
            AND coalesce(quantity_tier, 1) <= 1 AS is_featured_offer
    FROM competitive_prices
    WHERE status = 'Success'
),
featured AS (
    SELECT
        price_day, coalesce(marketplace_id, '') AS market, seller_sku AS sku,
        max(asin) AS asin,
        max(currency) FILTER (WHERE is_featured_offer) AS currency,
        max(listing_price) FILTER (WHERE is_featured_offer) AS featured_price,
        max(landed_price) FILTER (WHERE is_featured_offer) AS featured_landed_price,
        bool_or(belongs_to_requester) FILTER (WHERE is_featured_offer) AS is_featured,
        max(offer_count) FILTER (WHERE row_kind = 'offers' AND lower(condition) = 'new') AS new_offers,
        max(offer_count) FILTER (WHERE row_kind = 'offers' AND lower(condition) = 'any') AS offers,
        min(rank) AS sales_rank
    FROM asked
    GROUP BY 1, 2, 3
)
SELECT
    coalesce(o.price_day, f.price_day) AS price_day,
    nullif(coalesce(o.market, f.market), '') AS marketplace_id,
    coalesce(o.sku, f.sku) AS sku,
    coalesce(o.asin, f.asin) AS asin,
    coalesce(o.currency, f.currency) AS currency,
    o.price,
    o.shipping,
    o.landed_price,
    o.regular_price,
    o.business_price,
    CASE upper(o.fulfillment_channel)
        WHEN 'AMAZON' THEN 'AFN' WHEN 'MERCHANT' THEN 'MFN' ELSE o.fulfillment_channel
    END AS fulfillment_channel,
    o.item_condition,
    f.featured_price,
    f.featured_landed_price,
    f.is_featured,
    CASE WHEN o.currency = f.currency THEN o.landed_price - f.featured_landed_price END AS price_gap,
    f.new_offers,
    f.offers,
    f.sales_rank
FROM own AS o
FULL JOIN featured AS f ON f.price_day = o.price_day AND f.market = o.market AND f.sku = o.sku
