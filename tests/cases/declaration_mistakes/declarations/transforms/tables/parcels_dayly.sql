/*
doc = "Misspelt."
[reads]
orders = "all"
*/
SELECT 1
