/*
into = "money_sources"
severity = "warn"
doc = "The account settings name a view of the money of which nothing is loaded: the ledgers are empty."
*/
SELECT source FROM money_sources WHERE chosen AND NOT has_rows
