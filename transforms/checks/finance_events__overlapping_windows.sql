/*
into = "finance_events"
severity = "warn"
doc = "Events without a date count in each window that tells them: of windows that share days, take one back."
*/
SELECT period_from, period_to, event_list, currency, count(*) AS lines, sum(amount) AS amount
FROM finance_events
WHERE overlaps AND line_role = 'money'
GROUP BY period_from, period_to, event_list, currency
