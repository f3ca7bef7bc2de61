/*
into = "odrers"
severity = "blok"
doc = "Nothing."
*/
SELECT 1
