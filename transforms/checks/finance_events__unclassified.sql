/*
into = "finance_events"
severity = "warn"
doc = "Amazon's vocabulary is open: names no row of money_categories fits count as other in profit until one does."
*/
SELECT event_list, node_path, raw_name, currency, count(*) AS lines, sum(amount) AS amount
FROM finance_events
WHERE category = 'unclassified' AND line_role = 'money' AND amount <> 0
GROUP BY event_list, node_path, raw_name, currency
