/*
into = "orders"
severity = "warn"
doc = "Every status is a known one; another, kept as Amazon wrote it, may be a cancellation counted as a sale."
*/
SELECT status, count(*) AS orders
FROM orders
WHERE status NOT IN (
    'Pending', 'PendingAvailability', 'InvoiceUnconfirmed', 'Unshipped', 'PartiallyShipped', 'Shipped', 'Cancelled',
    'Unfulfillable'
)
GROUP BY status
