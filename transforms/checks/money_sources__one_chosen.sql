/*
into = "money_sources"
severity = "block"
doc = "Of each day and currency one view of the money counts: of several chosen, all but one end where another begins."
*/
SELECT currency, count(*) AS unbounded
FROM money_sources
WHERE chosen AND counts_before IS NULL
GROUP BY currency
HAVING count(*) > 1
