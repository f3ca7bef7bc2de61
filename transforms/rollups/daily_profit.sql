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
-- Amazon bills advertising in lumps, up to weeks after the clicks. Where the Ads reports say what was spent, that
-- counts, and of the bills what no report explains (amazon.md: Money told twice): all of them before the first day
-- reported, and then what they exceed the spend of this month and the one before by.
WITH ads AS (
    SELECT day, marketplace_id, currency, sku, cost FROM ppc
),
-- Spend of an unknown marketplace explains any bill of its currency.
spent_somewhere AS (
    SELECT
        currency, min(day) AS since, coalesce(sum(cost), 0) AS spent, bool_or(marketplace_id IS NULL) AS anywhere
    FROM ads
    GROUP BY currency
),
spent_there AS (
    SELECT currency, marketplace_id, min(day) AS since, coalesce(sum(cost), 0) AS spent
    FROM ads
    WHERE marketplace_id IS NOT NULL
    GROUP BY currency, marketplace_id
),
bills AS (
    SELECT local_day, marketplace_id, currency, sku, -sum(amount) AS billed
    FROM ledger_accrual
    WHERE month_of(local_day) = $month AND category_group = 'advertising' AND NOT is_tax
    GROUP BY local_day, marketplace_id, currency, sku
),
billed_there AS (
    SELECT currency, marketplace_id, sum(billed) AS billed FROM bills GROUP BY currency, marketplace_id
),
-- What the marketplaces' own bills leave explains those that name none.
left_over AS (
    SELECT t.currency, sum(greatest(t.spent - coalesce(b.billed, 0), 0)) AS spent
    FROM spent_there AS t
    LEFT JOIN billed_there AS b ON b.currency = t.currency AND b.marketplace_id = t.marketplace_id
    GROUP BY t.currency
),
explicable AS (
    SELECT
        b.*,
        CASE WHEN NOT coalesce(s.anywhere, false) THEN b.marketplace_id END AS pool,
        CASE
            WHEN s.anywhere THEN s.spent
            WHEN b.marketplace_id IS NULL THEN l.spent
            ELSE t.spent
        END AS spent,
        coalesce(
            b.local_day >= CASE WHEN s.anywhere OR b.marketplace_id IS NULL THEN s.since ELSE t.since END, false
        ) AS is_reported
    FROM bills AS b
    LEFT JOIN spent_somewhere AS s ON b.currency = s.currency
    LEFT JOIN spent_there AS t ON b.currency = t.currency AND b.marketplace_id = t.marketplace_id
    LEFT JOIN left_over AS l ON b.currency = l.currency
),
added_up AS (
    SELECT
        *,
        sum(CASE WHEN is_reported THEN billed ELSE 0 END) OVER (
            PARTITION BY currency, pool ORDER BY local_day, marketplace_id, sku
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS billed_so_far
    FROM explicable
),
unexplained AS (
    SELECT
        local_day, marketplace_id, currency, sku,
        CASE
            WHEN is_reported
                THEN billed - least(billed_so_far, spent) + least(billed_so_far - billed, spent)
            ELSE billed
        END AS billed_beyond
    FROM added_up
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
-- One item's price, shipping or gift wrap: whether it contains tax shows in the tax lines of the same.
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
        local_day, marketplace_id, currency, sku, source, source_txn_id, order_id, order_item_id, item_ordinal, is_refund,
        CASE
            WHEN lower(regexp_replace(raw_type, '^.*(/| > )', '')) LIKE '%shipping%' THEN 'shipping'
            -- Amazon calls what it withholds on gift wrap so.
            WHEN lower(regexp_replace(raw_type, '^.*(/| > )', '')) LIKE '%gift%'
                OR lower(raw_type) LIKE '%facilitator%-other'
                THEN 'gift wrap'
            ELSE 'price'
        END
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
    SELECT s.*, coalesce(u.billed_beyond, 0) AS billed_beyond
    FROM sums AS s
    LEFT JOIN unexplained AS u
        ON s.local_day = u.local_day
        AND (s.marketplace_id IS NOT DISTINCT FROM u.marketplace_id)
        AND (s.currency IS NOT DISTINCT FROM u.currency)
        AND (s.sku IS NOT DISTINCT FROM u.sku)
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
        END + CASE
            WHEN coalesce(t.withheld, 0) = 0 OR NOT m.vat_inclusive THEN 0
            WHEN m.vat_inclusive THEN t.withheld
        END AS vat,
        CASE
            WHEN c.tax_on_fees + c.tax_on_ads = 0 OR NOT r.reclaims THEN 0
            WHEN r.reclaims THEN -(c.tax_on_fees + c.tax_on_ads)
        END AS tax_reclaimed
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
        -coalesce(ad_cost, 0) - billed_beyond AS advertising,
        vat IS NULL OR tax_reclaimed IS NULL AS vat_unknown,
        -- Rounded before it is added, as vat is below, so that the columns shown add up.
        CAST(CASE
            WHEN units_unknown THEN NULL
            WHEN units = 0 THEN 0
            ELSE -(units * unit_cost)
        END AS DECIMAL(18, 4)) AS cogs
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
        WHEN ad_cost IS NOT NULL AND billed_beyond <> 0 THEN 'both'
        WHEN ad_cost IS NOT NULL THEN 'ppc'
        WHEN billed_beyond <> 0 THEN 'ledger'
    END AS advertising_source,
    CAST(tax_on_ads AS DECIMAL(18, 4)) AS tax_on_ads,
    CAST(reimbursements AS DECIMAL(18, 4)) AS reimbursements,
    CAST(liquidations AS DECIMAL(18, 4)) AS liquidations,
    CAST(other AS DECIMAL(18, 4)) AS other,
    CAST(net_sales AS DECIMAL(18, 4)) AS net_sales,
    CAST(net_proceeds AS DECIMAL(18, 4)) AS net_proceeds,
    CAST(vat AS DECIMAL(18, 4)) AS vat,
    vat_unknown,
    CAST(CASE WHEN vat_unknown THEN net_sales ELSE 0 END AS DECIMAL(18, 4)) AS vat_unknown_sales,
    CAST(marketplace_taxed_sales AS DECIMAL(18, 4)) AS marketplace_taxed_sales,
    CAST(tax_reclaimed AS DECIMAL(18, 4)) AS tax_reclaimed,
    CAST(CASE WHEN tax_reclaimed IS NULL THEN tax_on_fees + tax_on_ads ELSE 0 END AS DECIMAL(18, 4))
        AS reclaim_unknown_tax,
    CAST(profit_before_cogs AS DECIMAL(18, 4)) AS profit_before_cogs,
    CAST(unit_cost AS DECIMAL(18, 4)) AS unit_cost,
    cogs,
    cogs IS NULL AS cost_unknown,
    CAST(profit_before_cogs + cogs AS DECIMAL(18, 4)) AS profit,
    CASE WHEN cogs IS NULL OR vat_unknown THEN units ELSE 0 END AS profit_unknown_units,
    CAST(CASE WHEN cogs IS NULL OR vat_unknown THEN net_sales ELSE 0 END AS DECIMAL(18, 4)) AS profit_unknown_sales,
    CAST(advertising_billed AS DECIMAL(18, 4)) AS advertising_billed,
    CAST(tax_on_fees AS DECIMAL(18, 4)) AS tax_on_fees,
    CAST(tax_collected AS DECIMAL(18, 4)) AS tax_collected,
    CAST(tax_withheld AS DECIMAL(18, 4)) AS tax_withheld
FROM results
