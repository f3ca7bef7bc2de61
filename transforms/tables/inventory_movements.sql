/*
doc = """
Rows of the ledger's detail view as they are. Event types lose their spaces and, where the file was localised, their
language; what is unknown stays.
"""
[reads]
ledger_detail = "0"
*/
SELECT
    date AS movement_day,
    date_and_time AS moved_at,
    CASE replace(lower(event_type), ' ', '')
        WHEN 'receipts' THEN 'Receipts'
        WHEN 'shipments' THEN 'Shipments'
        WHEN 'customerreturns' THEN 'CustomerReturns'
        WHEN 'vendorreturns' THEN 'VendorReturns'
        WHEN 'whsetransfers' THEN 'WhseTransfers'
        WHEN 'adjustments' THEN 'Adjustments'
        WHEN 'envíos' THEN 'Shipments'
        WHEN 'recepciones' THEN 'Receipts'
        WHEN 'ajustes' THEN 'Adjustments'
        ELSE replace(event_type, ' ', '')
    END AS event_type,
    event_type AS raw_event_type,
    reference_id,
    msku AS sku,
    fnsku,
    asin,
    title AS product_name,
    quantity AS units,
    disposition,
    fulfillment_center AS fulfillment_center_id,
    country AS country_code,
    reason,
    reconciled_quantity AS reconciled_units,
    unreconciled_quantity AS unreconciled_units
FROM ledger_detail
