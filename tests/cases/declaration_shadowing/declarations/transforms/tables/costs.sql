/*
doc = """
A line of the cost list holds until the next one of the same SKU and marketplace. A line without cost ends the one
before it: from then on the cost is unknown.
"""
[reads]
cost_list = "all"
*/
SELECT
    sku,
    marketplace_id,
    valid_from,
    lead(valid_from) OVER (PARTITION BY sku, marketplace_id ORDER BY valid_from) AS valid_to,
    unit_cost,
    currency
FROM cost_list
