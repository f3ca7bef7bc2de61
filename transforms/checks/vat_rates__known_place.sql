/*
into = "vat_rates"
severity = "warn"
doc = "A place of the list is no marketplace, its name or its country: the line has no effect."
*/
SELECT place, valid_from FROM vat_rates WHERE marketplace_id IS NULL
