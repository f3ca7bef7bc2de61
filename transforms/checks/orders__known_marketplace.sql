/*
into = "orders"
severity = "warn"
doc = """
Every order sold on Amazon belongs to a marketplace; another sales channel is new, or localised, and its days are
UTC's.
"""
*/
SELECT sales_channel, count(*) AS orders
FROM orders
WHERE marketplace_id IS NULL AND NOT is_mcf AND sales_channel IS NOT NULL
GROUP BY sales_channel
