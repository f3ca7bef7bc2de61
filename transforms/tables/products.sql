/*
doc = """
The catalogue answers in sections; the facts of a product are gathered from them. Which sections there are depends on
the request, so any but the key can be missing.
"""
[reads]
catalog_items = "all"
*/
SELECT
    asin,
    coalesce(marketplace_id, max(entry_marketplace_id)) AS marketplace_id,
    max(item_name) FILTER (WHERE row_kind = 'summary') AS product_name,
    max(brand) FILTER (WHERE row_kind = 'summary') AS brand,
    max(manufacturer) FILTER (WHERE row_kind = 'summary') AS manufacturer,
    max(color) FILTER (WHERE row_kind = 'summary') AS color,
    max(size) FILTER (WHERE row_kind = 'summary') AS size,
    max(model_number) FILTER (WHERE row_kind = 'summary') AS model_number,
    max(part_number) FILTER (WHERE row_kind = 'summary') AS part_number,
    max(item_classification) FILTER (WHERE row_kind = 'summary') AS item_classification,
    max(product_type) FILTER (WHERE row_kind = 'product_type') AS product_type,
    coalesce(
        max(classification_name) FILTER (WHERE row_kind = 'summary'),
        max(classification_name) FILTER (WHERE row_kind = 'classification')
    ) AS product_category,
    min(rank) FILTER (WHERE row_kind = 'rank' AND website_display_group IS NOT NULL) AS sales_rank,
    -- A JSON list; a product has one parent per marketplace.
    split_part(btrim(max(parent_asins) FILTER (WHERE row_kind = 'relationship'), '[]"'), '"', 1) AS parent_asin
FROM catalog_items
GROUP BY asin, marketplace_id
