-- What each seller's entries of the object catalogue come to, and how often they have changed: who has read them need not
-- read them again while the version is the same, and who reads them sees that none is hidden. A digest is the sum of the
-- low halves of the entries' checksums. A row stays when its last entry goes, so that versions never repeat.

CREATE TABLE catalogues (
    seller  TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    digest  BIGINT NOT NULL
);

INSERT INTO catalogues (seller, version, entries, digest)
SELECT seller, 1, count(*), sum(coalesce(checksum, 0) & 4294967295) FROM objects GROUP BY seller;

CREATE TRIGGER objects_added AFTER INSERT ON objects BEGIN
    INSERT INTO catalogues (seller, version, entries, digest)
    VALUES (NEW.seller, 1, 1, coalesce(NEW.checksum, 0) & 4294967295)
    ON CONFLICT (seller) DO UPDATE
        SET version = version + 1, entries = entries + 1, digest = digest + excluded.digest;
END;

CREATE TRIGGER objects_changed AFTER UPDATE ON objects WHEN OLD.checksum IS NOT NEW.checksum BEGIN
    UPDATE catalogues
    SET version = version + 1,
        digest = digest - (coalesce(OLD.checksum, 0) & 4294967295) + (coalesce(NEW.checksum, 0) & 4294967295)
    WHERE seller = NEW.seller;
END;

CREATE TRIGGER objects_removed AFTER DELETE ON objects BEGIN
    UPDATE catalogues
    SET version = version + 1, entries = entries - 1, digest = digest - (coalesce(OLD.checksum, 0) & 4294967295)
    WHERE seller = OLD.seller;
END;
