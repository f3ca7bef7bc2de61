/*
into = "settlements"
severity = "left_out"
doc = "A settlement's lines must add up to its total to the cent. Else it stays out of the ledgers."
*/
SELECT settlement_id, source, currency, total_amount, lines_total, lines FROM settlements WHERE NOT balanced
