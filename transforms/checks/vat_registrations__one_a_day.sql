/*
into = "vat_registrations"
severity = "block"
doc = "Two lines say different things of the same place and day."
*/
SELECT place, valid_from FROM vat_registrations GROUP BY place, valid_from HAVING count(*) > 1
