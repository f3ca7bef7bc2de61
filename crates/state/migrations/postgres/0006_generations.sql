-- How many versions of an object have been written; NULL in entries of earlier versions.

ALTER TABLE objects ADD COLUMN generation BIGINT;
