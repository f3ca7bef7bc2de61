/*
doc = """
The issues of the newest list of each marketplace: what was mended is gone.
"""
[reads]
listings_items = "all"
*/
WITH newest AS (
    SELECT marketplace_id, max(snapshot_day) AS snapshot_day
    FROM listings_items
    GROUP BY marketplace_id
)
SELECT
    l.snapshot_day,
    l.marketplace_id,
    l.sku,
    l.issue_severity AS severity,
    l.issue_code AS code,
    l.issue_message AS message,
    l.issue_attributes AS attributes,
    l.issue_categories AS categories,
    l.issue_actions AS actions,
    coalesce(strpos(l.issue_actions, 'SUPPRESSED') > 0, false) AS is_suppressed,
    l.issue_exempt_until AS exempt_until
FROM listings_items AS l
INNER JOIN newest AS n
    ON n.snapshot_day = l.snapshot_day AND (n.marketplace_id IS NOT DISTINCT FROM l.marketplace_id)
WHERE l.row_kind = 'issue'
