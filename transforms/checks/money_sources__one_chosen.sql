/*
into = "money_sources"
severity = "block"
doc = "The ledgers take one view of the money, or none while nothing is loaded."
*/
SELECT count(*) AS chosen FROM money_sources WHERE chosen HAVING count(*) > 1
