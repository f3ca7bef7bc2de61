/*
into = "money_sources"
severity = "warn"
doc = "The account settings name a view of the money of which nothing is loaded: the ledgers are empty."
*/
SELECT source FROM money_sources WHERE chosen GROUP BY source HAVING NOT bool_or(has_rows)
