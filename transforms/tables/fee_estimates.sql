/*
doc = """
One estimate and its fees, gathered. Parts of a fee are in the fee already.
"""
[reads]
product_fees = "all"
*/
WITH gathered AS (
    SELECT
        marketplace_id, id_type, id_value,
        coalesce(max(estimated_at), max(asked_at)) AS estimated_at,
        bool_or(is_amazon_fulfilled) AS is_amazon_fulfilled,
        max(price) AS price,
        coalesce(max(total_currency), max(price_currency)) AS currency,
        max(total) AS total_fee,
        sum(final_fee) FILTER (WHERE row_kind = 'fee' AND fee_type = 'ReferralFee') AS referral_fee,
        sum(final_fee) FILTER (WHERE row_kind = 'fee' AND fee_type LIKE 'FBA%') AS fulfillment_fee,
        sum(final_fee) FILTER (WHERE row_kind = 'fee' AND fee_type IN ('VariableClosingFee', 'PerItemFee')) AS closing_fee,
        sum(tax) FILTER (WHERE row_kind = 'fee') AS tax,
        max(status) AS status,
        max(error_message) AS error_message
    FROM product_fees
    GROUP BY marketplace_id, id_type, id_value
),
known AS (
    SELECT
        *,
        CASE WHEN total_fee IS NOT NULL THEN coalesce(referral_fee, 0) END AS referral,
        CASE WHEN total_fee IS NOT NULL THEN coalesce(fulfillment_fee, 0) END AS fulfillment,
        CASE WHEN total_fee IS NOT NULL THEN coalesce(closing_fee, 0) END AS closing
    FROM gathered
)
SELECT
    marketplace_id,
    CASE WHEN id_type = 'SellerSKU' THEN id_value END AS sku,
    CASE WHEN id_type = 'ASIN' THEN id_value END AS asin,
    estimated_at,
    is_amazon_fulfilled,
    price,
    currency,
    total_fee,
    referral AS referral_fee,
    fulfillment AS fulfillment_fee,
    closing AS closing_fee,
    total_fee - referral - fulfillment - closing AS other_fee,
    tax,
    ratio(total_fee, price) AS fee_share,
    status,
    error_message
FROM known
