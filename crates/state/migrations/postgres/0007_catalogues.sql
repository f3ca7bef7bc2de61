-- What each seller's entries of the object catalogue come to, and how often they have changed: who has read them need not
-- read them again while the version is the same, and who reads them sees that none is hidden. A digest is the sum of the
-- low halves of the entries' checksums. A row stays when its last entry goes, so that versions never repeat.

CREATE TABLE catalogues (
    seller  TEXT COLLATE "C" PRIMARY KEY,
    version BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    digest  BIGINT NOT NULL
);

INSERT INTO catalogues (seller, version, entries, digest)
SELECT seller, 1, count(*), sum(coalesce(checksum, 0) & 4294967295)::BIGINT FROM objects GROUP BY seller;

CREATE FUNCTION tell_catalogue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO catalogues AS known (seller, version, entries, digest)
        VALUES (NEW.seller, 1, 1, coalesce(NEW.checksum, 0) & 4294967295)
        ON CONFLICT (seller) DO UPDATE
            SET version = known.version + 1, entries = known.entries + 1, digest = known.digest + excluded.digest;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE catalogues
        SET version = version + 1, entries = entries - 1, digest = digest - (coalesce(OLD.checksum, 0) & 4294967295)
        WHERE seller = OLD.seller;
    ELSIF OLD.checksum IS DISTINCT FROM NEW.checksum THEN
        UPDATE catalogues
        SET version = version + 1,
            digest = digest - (coalesce(OLD.checksum, 0) & 4294967295) + (coalesce(NEW.checksum, 0) & 4294967295)
        WHERE seller = NEW.seller;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER objects_told AFTER INSERT OR UPDATE OR DELETE ON objects
FOR EACH ROW EXECUTE FUNCTION tell_catalogue();
