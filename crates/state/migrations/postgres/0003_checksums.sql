-- A hash of all that an entry of the catalogue says; NULL in entries of earlier versions.

ALTER TABLE objects ADD COLUMN checksum BIGINT;
