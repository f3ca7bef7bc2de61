/*
into = "vat_rates"
severity = "block"
doc = "Two lines say different rates for the same place, SKU and day."
*/
SELECT place, sku, valid_from FROM vat_rates GROUP BY place, sku, valid_from HAVING count(*) > 1
