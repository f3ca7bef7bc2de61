-- Deliveries, the object catalogue and alarms. Times are milliseconds since 1970 in UTC.

CREATE TABLE deliveries (
    id          TEXT PRIMARY KEY,
    source      TEXT NOT NULL,
    seller      TEXT NOT NULL,
    scope       TEXT NOT NULL,
    marketplace TEXT,
    window_from BIGINT,
    window_to   BIGINT,
    as_of       BIGINT,
    fetched_at  BIGINT NOT NULL,
    data_path   TEXT NOT NULL,
    meta_path   TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    size_bytes  BIGINT NOT NULL,
    status      TEXT NOT NULL,
    reason      TEXT,
    rows_read     BIGINT,
    rows_rejected BIGINT,
    report      TEXT,
    updated_at  BIGINT NOT NULL
);

CREATE INDEX deliveries_by_seller ON deliveries (seller, source, status);
CREATE INDEX deliveries_by_status ON deliveries (status, updated_at);

CREATE TABLE objects (
    path           TEXT PRIMARY KEY,
    area           TEXT NOT NULL,
    name           TEXT NOT NULL,
    seller         TEXT NOT NULL,
    month          TEXT,
    etag           TEXT,
    size_bytes     BIGINT NOT NULL,
    row_count      BIGINT NOT NULL,
    visible_rows   BIGINT NOT NULL,
    row_hash       TEXT NOT NULL,
    input_hash     TEXT NOT NULL,
    schema_version BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);

CREATE INDEX objects_by_seller ON objects (seller, area, name);
CREATE INDEX objects_by_name ON objects (area, name);

CREATE TABLE alarms (
    id         TEXT PRIMARY KEY,
    raised_at  BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    severity   TEXT NOT NULL,
    subject    TEXT NOT NULL,
    message    TEXT NOT NULL
);
