/*
doc = """
Profit and loss per local day, marketplace, currency and SKU, in the accrual lens. Every amount is signed to the seller,
so that profit is a sum. Money of no SKU has a row of its own per day. Where prices contain VAT or GST
(amazon.md: Tax in prices) it is taken out by the user's lists; where Amazon told it apart, collected it or withheld it,
by what Amazon says.
"""
emits = "-1..1"
[reads]
ledger_accrual = "-1..1"
ppc = "-1..0"
costs = "all"
fx = "all"
vat_rates = "all"
vat_registrations = "all"
marketplaces = "all"
*/
WITH ads AS (
    SELECT p.day, p.marketplace_id, coalesce(p.currency, m.currency) AS currency, p.sku, p.cost
    FROM ppc AS p
    LEFT JOIN marketplaces AS m ON p.marketplace_id = m.marketplace_id
),
-- Amazon bills advertising in lumps weeks after the clicks. Where the Ads reports cover this month or the one before,
-- their spend counts and the bill doesn't (amazon.md: Money told twice); spend of an unknown marketplace covers all of
-- its currency.
ads_by_marketplace AS (
    SELECT DISTINCT currency, marketplace_id FROM ads WHERE marketplace_id IS NOT NULL
),
ads_by_currency AS (
    SELECT currency, bool_or(marketplace_id IS NULL) AS somewhere FROM ads GROUP BY currency
),
facts AS (
    SELECT
        local_day, marketplace_id, currency, sku, category, category_group, is_tax, is_refund, amount, quantity,
        category = 'product_sales' AND NOT is_refund AND coalesce(order_id LIKE 'S%', false) AS is_mcf,
        CAST(NULL AS DECIMAL(18, 4)) AS ad_cost
    FROM ledger_accrual
    WHERE month_of(local_day) = $month
    UNION ALL
    SELECT
        day, marketplace_id, currency, sku, 'ad_cost', 'ad_cost', false, false, CAST(0 AS DECIMAL(18, 4)), NULL, false,
        cost
    FROM ads
    WHERE month_of(day) = $month
),
-- A kind of money that didn't occur that day is 0; only prices and costs can be unknown.
sums AS (
    SELECT
        local_day, marketplace_id, currency, sku,
        coalesce(sum(amount) FILTER (WHERE category = 'product_sales' AND NOT is_refund), 0) AS product_sales,
        coalesce(sum(amount) FILTER (WHERE category = 'shipping_income' AND NOT is_refund), 0) AS shipping_income,
        coalesce(sum(amount) FILTER (WHERE category = 'giftwrap_income' AND NOT is_refund), 0) AS giftwrap_income,
        coalesce(sum(amount) FILTER (WHERE category = 'promo_rebate' AND NOT is_refund), 0) AS promo_rebates,
        coalesce(sum(amount) FILTER (WHERE category = 'other_charge' AND NOT is_refund), 0) AS other_charges,
        coalesce(sum(amount) FILTER (WHERE category_group = 'sales' AND is_refund), 0) AS refunds,
        coalesce(sum(amount) FILTER (WHERE category = 'referral_fee'), 0) AS referral_fees,
        coalesce(sum(amount) FILTER (WHERE category = 'refund_admin_fee'), 0) AS refund_admin_fees,
        coalesce(sum(amount) FILTER (WHERE category = 'closing_fee'), 0) AS closing_fees,
        coalesce(sum(amount) FILTER (WHERE category = 'fulfilment_fee'), 0) AS fulfilment_fees,
        coalesce(sum(amount) FILTER (WHERE category = 'shipping_chargeback'), 0) AS shipping_chargebacks,
        coalesce(sum(amount) FILTER (WHERE category = 'other_order_fee'), 0) AS other_order_fees,
        coalesce(sum(amount) FILTER (WHERE category IN ('storage_fee', 'aged_storage_fee')), 0) AS storage_fees,
        coalesce(sum(amount) FILTER (WHERE category = 'inbound_fee'), 0) AS inbound_fees,
        coalesce(sum(amount) FILTER (WHERE category = 'removal_fee'), 0) AS removal_fees,
        coalesce(sum(amount) FILTER (WHERE category = 'return_processing_fee'), 0) AS return_processing_fees,
        coalesce(sum(amount) FILTER (WHERE category = 'subscription_fee'), 0) AS subscription_fees,
        coalesce(sum(amount) FILTER (WHERE category = 'promotion_fee'), 0) AS promotion_fees,
        coalesce(sum(amount) FILTER (WHERE category = 'other_service_fee'), 0) AS other_service_fees,
        coalesce(sum(amount) FILTER (
            WHERE category_group IN ('order_fees', 'service_fees') AND is_tax
        ), 0) AS tax_on_fees,
        coalesce(sum(amount) FILTER (WHERE category_group = 'advertising'), 0) AS advertising_billed,
        coalesce(sum(amount) FILTER (WHERE category_group = 'reimbursement'), 0) AS reimbursements,
        coalesce(sum(amount) FILTER (WHERE category_group = 'liquidation'), 0) AS liquidations,
        coalesce(sum(amount) FILTER (WHERE category_group = 'other'), 0) AS other,
        coalesce(sum(amount) FILTER (WHERE category = 'tax_collected'), 0) AS tax_collected,
        coalesce(sum(amount) FILTER (WHERE category = 'tax_withheld'), 0) AS tax_withheld,
        coalesce(sum(amount) FILTER (WHERE category_group = 'advertising' AND is_tax), 0) AS tax_on_ads,
        -- Orders of other shops take stock, but no price of theirs is here to set its cost against
        -- (amazon.md: Money told twice).
        coalesce(sum(quantity) FILTER (WHERE category = 'product_sales' AND NOT is_refund AND NOT is_mcf), 0) AS units,
        coalesce(sum(quantity) FILTER (WHERE is_mcf), 0) AS mcf_units,
        count(*) FILTER (
            WHERE category = 'product_sales' AND NOT is_refund AND NOT is_mcf AND quantity IS NULL AND amount <> 0
        ) > 0 AS units_unknown,
        sum(ad_cost) AS ad_cost
    FROM facts
    GROUP BY local_day, marketplace_id, currency, sku
),
-- One product's part of a transaction: whether its price contains tax shows in the tax lines beside it.
told_tax AS (
    SELECT
        local_day, marketplace_id, currency, sku,
        sum(amount) FILTER (WHERE category_group = 'sales') AS sales,
        coalesce(sum(amount) FILTER (WHERE category = 'tax_collected'), 0) AS collected,
        -- Other taxes withheld (income tax, advances on VAT) say nothing about who pays the VAT.
        coalesce(sum(amount) FILTER (
            WHERE category = 'tax_withheld'
                AND (lower(raw_type) LIKE '%marketplacefacilitator%' OR lower(raw_type) LIKE '%lowvaluegoods%')
        ), 0) AS withheld
    FROM ledger_accrual
    WHERE month_of(local_day) = $month AND category_group IN ('sales', 'tax')
    GROUP BY
        local_day, marketplace_id, currency, sku, source, source_txn_id, order_id, order_item_id, is_refund
),
taxable AS (
    SELECT
        t.local_day, t.marketplace_id, t.currency, t.sku,
        coalesce(sum(t.sales) FILTER (WHERE t.withheld <> 0), 0) AS marketplace_taxed_sales,
        -- Withheld from a price that contains it, without a line that had added it before.
        coalesce(sum(t.withheld) FILTER (WHERE t.collected = 0), 0) AS withheld,
        coalesce(sum(t.sales) FILTER (WHERE t.withheld = 0 AND t.collected = 0), 0) AS taxed_prices
    FROM told_tax AS t
    GROUP BY t.local_day, t.marketplace_id, t.currency, t.sku
),
advertised AS (
    SELECT
        s.*,
        bm.currency IS NOT NULL OR coalesce(bc.somewhere, false)
            OR (s.marketplace_id IS NULL AND bc.currency IS NOT NULL) AS ads_reported
    FROM sums AS s
    LEFT JOIN ads_by_marketplace AS bm ON s.marketplace_id = bm.marketplace_id AND s.currency = bm.currency
    LEFT JOIN ads_by_currency AS bc ON s.currency = bc.currency
),
-- The marketplace's own cost line decides, also when it says "unknown"; the line for all marketplaces only stands in.
costed AS (
    SELECT
        a.*,
        CASE WHEN own.sku IS NOT NULL THEN own.unit_cost ELSE any_place.unit_cost END AS list_cost,
        CASE WHEN own.sku IS NOT NULL THEN own.currency ELSE any_place.currency END AS list_currency
    FROM advertised AS a
    LEFT JOIN costs AS own
        ON a.sku = own.sku AND a.marketplace_id = own.marketplace_id
        AND a.local_day >= own.valid_from AND (own.valid_to IS NULL OR a.local_day < own.valid_to)
    LEFT JOIN costs AS any_place
        ON a.sku = any_place.sku AND any_place.marketplace_id IS NULL
        AND a.local_day >= any_place.valid_from AND (any_place.valid_to IS NULL OR a.local_day < any_place.valid_to)
),
-- The SKU's own rate decides, also when it says "unknown"; the place's rate only stands in.
rated AS (
    SELECT
        c.*, coalesce(t.marketplace_taxed_sales, 0) AS marketplace_taxed_sales,
        CASE
            WHEN coalesce(t.taxed_prices, 0) = 0 OR NOT m.vat_inclusive OR NOT r.registered THEN 0
            WHEN r.registered THEN -ratio(
                t.taxed_prices * CASE WHEN own.place IS NOT NULL THEN own.rate ELSE any_sku.rate END,
                100 + CASE WHEN own.place IS NOT NULL THEN own.rate ELSE any_sku.rate END
            )
        END + CASE WHEN m.vat_inclusive THEN coalesce(t.withheld, 0) ELSE 0 END AS vat,
        CASE WHEN r.reclaims THEN -(c.tax_on_fees + c.tax_on_ads) ELSE 0 END AS tax_reclaimed
    FROM costed AS c
    LEFT JOIN taxable AS t
        ON c.local_day = t.local_day
        AND (c.marketplace_id IS NOT DISTINCT FROM t.marketplace_id)
        AND (c.currency IS NOT DISTINCT FROM t.currency)
        AND (c.sku IS NOT DISTINCT FROM t.sku)
    LEFT JOIN marketplaces AS m ON c.marketplace_id = m.marketplace_id
    LEFT JOIN vat_registrations AS r
        ON c.marketplace_id = r.marketplace_id
        AND c.local_day >= r.valid_from AND (r.valid_to IS NULL OR c.local_day < r.valid_to)
    LEFT JOIN vat_rates AS own
        ON c.sku = own.sku AND c.marketplace_id = own.marketplace_id
        AND c.local_day >= own.valid_from AND (own.valid_to IS NULL OR c.local_day < own.valid_to)
    LEFT JOIN vat_rates AS any_sku
        ON any_sku.sku IS NULL AND c.marketplace_id = any_sku.marketplace_id
        AND c.local_day >= any_sku.valid_from AND (any_sku.valid_to IS NULL OR c.local_day < any_sku.valid_to)
),
priced AS (
    SELECT
        c.*,
        CASE WHEN c.list_currency = c.currency THEN c.list_cost ELSE c.list_cost * x.rate END AS unit_cost
    FROM rated AS c
    LEFT JOIN fx AS x
        ON c.list_currency = x.from_currency AND c.currency = x.to_currency
        AND c.local_day >= x.valid_from AND (x.valid_to IS NULL OR c.local_day < x.valid_to)
),
totals AS (
    SELECT
        *,
        CASE WHEN ads_reported THEN coalesce(-ad_cost, 0) ELSE advertising_billed - tax_on_ads END AS advertising,
        CASE
            WHEN units_unknown THEN NULL
            WHEN units = 0 THEN 0
            ELSE -(units * unit_cost)
        END AS cogs
    FROM priced
),
netted AS (
    SELECT
        *, product_sales + shipping_income + giftwrap_income + promo_rebates + other_charges + refunds AS net_sales
    FROM totals
),
profits AS (
    SELECT
        *,
        net_sales + referral_fees + refund_admin_fees + closing_fees + fulfilment_fees + shipping_chargebacks
            + other_order_fees + storage_fees + inbound_fees + removal_fees + return_processing_fees
            + subscription_fees + promotion_fees + other_service_fees + advertising + tax_on_ads
            + reimbursements + liquidations + other AS net_proceeds
    FROM netted
),
-- Rounded before it is added, so that the columns shown add up.
results AS (
    SELECT
        *,
        CAST(net_proceeds AS DECIMAL(18, 4)) + CAST(vat AS DECIMAL(18, 4)) + CAST(tax_reclaimed AS DECIMAL(18, 4))
            AS profit_before_cogs
    FROM profits
)
SELECT
    local_day, marketplace_id, currency, sku,
    units, mcf_units,
    CAST(product_sales AS DECIMAL(18, 4)) AS product_sales,
    CAST(shipping_income AS DECIMAL(18, 4)) AS shipping_income,
    CAST(giftwrap_income AS DECIMAL(18, 4)) AS giftwrap_income,
    CAST(promo_rebates AS DECIMAL(18, 4)) AS promo_rebates,
    CAST(other_charges AS DECIMAL(18, 4)) AS other_charges,
    CAST(refunds AS DECIMAL(18, 4)) AS refunds,
    CAST(referral_fees AS DECIMAL(18, 4)) AS referral_fees,
    CAST(refund_admin_fees AS DECIMAL(18, 4)) AS refund_admin_fees,
    CAST(closing_fees AS DECIMAL(18, 4)) AS closing_fees,
    CAST(fulfilment_fees AS DECIMAL(18, 4)) AS fulfilment_fees,
    CAST(shipping_chargebacks AS DECIMAL(18, 4)) AS shipping_chargebacks,
    CAST(other_order_fees AS DECIMAL(18, 4)) AS other_order_fees,
    CAST(storage_fees AS DECIMAL(18, 4)) AS storage_fees,
    CAST(inbound_fees AS DECIMAL(18, 4)) AS inbound_fees,
    CAST(removal_fees AS DECIMAL(18, 4)) AS removal_fees,
    CAST(return_processing_fees AS DECIMAL(18, 4)) AS return_processing_fees,
    CAST(subscription_fees AS DECIMAL(18, 4)) AS subscription_fees,
    CAST(promotion_fees AS DECIMAL(18, 4)) AS promotion_fees,
    CAST(other_service_fees AS DECIMAL(18, 4)) AS other_service_fees,
    CAST(advertising AS DECIMAL(18, 4)) AS advertising,
    CASE
        WHEN ads_reported AND ad_cost IS NOT NULL THEN 'ppc'
        WHEN NOT ads_reported AND advertising_billed <> 0 THEN 'ledger'
    END AS advertising_source,
    CAST(tax_on_ads AS DECIMAL(18, 4)) AS tax_on_ads,
    CAST(reimbursements AS DECIMAL(18, 4)) AS reimbursements,
    CAST(liquidations AS DECIMAL(18, 4)) AS liquidations,
    CAST(other AS DECIMAL(18, 4)) AS other,
    CAST(net_sales AS DECIMAL(18, 4)) AS net_sales,
    CAST(net_proceeds AS DECIMAL(18, 4)) AS net_proceeds,
    CAST(vat AS DECIMAL(18, 4)) AS vat,
    vat IS NULL AS vat_unknown,
    CAST(CASE WHEN vat IS NULL THEN net_sales ELSE 0 END AS DECIMAL(18, 4)) AS vat_unknown_sales,
    CAST(marketplace_taxed_sales AS DECIMAL(18, 4)) AS marketplace_taxed_sales,
    CAST(tax_reclaimed AS DECIMAL(18, 4)) AS tax_reclaimed,
    CAST(profit_before_cogs AS DECIMAL(18, 4)) AS profit_before_cogs,
    CAST(unit_cost AS DECIMAL(18, 4)) AS unit_cost,
    CAST(cogs AS DECIMAL(18, 4)) AS cogs,
    cogs IS NULL AS cost_unknown,
    CAST(profit_before_cogs + cogs AS DECIMAL(18, 4)) AS profit,
    CASE WHEN cogs IS NULL OR vat IS NULL THEN units ELSE 0 END AS profit_unknown_units,
    CAST(CASE WHEN cogs IS NULL OR vat IS NULL THEN net_sales ELSE 0 END AS DECIMAL(18, 4)) AS profit_unknown_sales,
    CAST(advertising_billed AS DECIMAL(18, 4)) AS advertising_billed,
    CAST(tax_on_fees AS DECIMAL(18, 4)) AS tax_on_fees,
    CAST(tax_collected AS DECIMAL(18, 4)) AS tax_collected,
    CAST(tax_withheld AS DECIMAL(18, 4)) AS tax_withheld
FROM results
