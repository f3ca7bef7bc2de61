-- Deliveries, the object catalogue and alarms. Times are milliseconds since 1970 in UTC; texts compare by their bytes.

CREATE TABLE deliveries (
    id          TEXT COLLATE "C" PRIMARY KEY,
    source      TEXT COLLATE "C" NOT NULL,
    seller      TEXT COLLATE "C" NOT NULL,
    scope       TEXT COLLATE "C" NOT NULL,
    marketplace TEXT COLLATE "C",
    window_from BIGINT,
    window_to   BIGINT,
    as_of       BIGINT,
    fetched_at  BIGINT NOT NULL,
    data_path   TEXT COLLATE "C" NOT NULL,
    meta_path   TEXT COLLATE "C" NOT NULL,
    sha256      TEXT COLLATE "C" NOT NULL,
    size_bytes  BIGINT NOT NULL,
    status      TEXT COLLATE "C" NOT NULL,
    reason      TEXT COLLATE "C",
    rows_read     BIGINT,
    rows_rejected BIGINT,
    report      TEXT COLLATE "C",
    updated_at  BIGINT NOT NULL
);

CREATE INDEX deliveries_by_seller ON deliveries (seller, source, status);
CREATE INDEX deliveries_by_status ON deliveries (status, updated_at);

CREATE TABLE objects (
    path           TEXT COLLATE "C" PRIMARY KEY,
    area           TEXT COLLATE "C" NOT NULL,
    name           TEXT COLLATE "C" NOT NULL,
    seller         TEXT COLLATE "C" NOT NULL,
    month          TEXT COLLATE "C",
    etag           TEXT COLLATE "C",
    size_bytes     BIGINT NOT NULL,
    row_count      BIGINT NOT NULL,
    visible_rows   BIGINT NOT NULL,
    row_hash       TEXT COLLATE "C" NOT NULL,
    input_hash     TEXT COLLATE "C" NOT NULL,
    schema_version BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);

CREATE INDEX objects_by_seller ON objects (seller, area, name);
CREATE INDEX objects_by_name ON objects (area, name);

CREATE TABLE alarms (
    id         TEXT COLLATE "C" PRIMARY KEY,
    raised_at  BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    severity   TEXT COLLATE "C" NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    message    TEXT COLLATE "C" NOT NULL
);
