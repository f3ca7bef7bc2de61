/*
into = "vat_rates"
severity = "block"
doc = "Rates are per cent: 19 for 19 %. One between 0 and 1 was probably meant as a share, and one above 50 is none."
*/
SELECT place, sku, valid_from, rate FROM vat_rates WHERE (rate > 0 AND rate < 1) OR rate < 0 OR rate > 50
