/*
doc = "The report's rows by date as they are."
[reads]
sales_and_traffic = "0"
*/
SELECT
    day,
    coalesce(date_granularity, 'DAY') AS granularity,
    coalesce(marketplace_id, nullif(btrim(report_marketplace_ids, '[]" '), '')) AS marketplace_id,
    currency,
    units_ordered AS ordered_units,
    units_ordered_b2b AS ordered_units_b2b,
    total_order_items AS ordered_items,
    total_order_items_b2b AS ordered_items_b2b,
    ordered_product_sales AS ordered_sales,
    ordered_product_sales_b2b AS ordered_sales_b2b,
    shipped_product_sales AS shipped_sales,
    units_shipped AS shipped_units,
    orders_shipped AS shipped_orders,
    units_refunded AS refunded_units,
    refund_rate AS refund_rate_percent,
    claims_granted,
    claims_amount,
    page_views,
    browser_page_views,
    mobile_app_page_views,
    sessions,
    browser_sessions,
    mobile_app_sessions,
    buy_box_percentage AS buy_box_percent,
    order_item_session_percentage AS order_item_session_percent,
    unit_session_percentage AS unit_session_percent,
    average_offer_count,
    average_parent_items,
    feedback_received,
    negative_feedback_received
FROM sales_and_traffic
WHERE row_kind = 'date'
