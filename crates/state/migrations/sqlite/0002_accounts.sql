-- Accounts, their secrets, leases, quotas, slices, jobs and runs. Times are milliseconds since 1970 in UTC.

CREATE TABLE accounts (
    id           TEXT PRIMARY KEY,
    seller       TEXT NOT NULL,
    region       TEXT NOT NULL,
    application  TEXT NOT NULL,
    marketplaces TEXT NOT NULL,
    status       TEXT NOT NULL,
    reason       TEXT,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);

CREATE INDEX accounts_by_seller ON accounts (seller);

CREATE TABLE ads_profiles (
    account     TEXT NOT NULL,
    id          TEXT NOT NULL,
    marketplace TEXT NOT NULL,
    currency    TEXT NOT NULL,
    time_zone   TEXT NOT NULL,
    PRIMARY KEY (account, id)
);

-- One row: the key that every secret is encrypted with.
CREATE TABLE vault_key (
    slot   TEXT PRIMARY KEY,
    key_id TEXT NOT NULL,
    since  BIGINT NOT NULL
);

CREATE TABLE vault (
    owner      TEXT NOT NULL,
    field      TEXT NOT NULL,
    key_id     TEXT NOT NULL,
    sealed     TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (owner, field)
);

-- A row stays after its lease was released, so that epochs never repeat.
CREATE TABLE leases (
    account     TEXT PRIMARY KEY,
    owner       TEXT,
    epoch       BIGINT NOT NULL,
    acquired_at BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);

CREATE TABLE buckets (
    owner           TEXT NOT NULL,
    operation       TEXT NOT NULL,
    tokens          DOUBLE PRECISION NOT NULL,
    rate_per_second DOUBLE PRECISION NOT NULL,
    burst           DOUBLE PRECISION NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (owner, operation)
);

-- Intervals [from_ms, to_ms) of one account, pipeline and scope never overlap.
CREATE TABLE slices (
    account    TEXT NOT NULL,
    pipeline   TEXT NOT NULL,
    scope      TEXT NOT NULL,
    from_ms    BIGINT NOT NULL,
    to_ms      BIGINT NOT NULL,
    status     TEXT NOT NULL,
    reason     TEXT,
    delivery   TEXT,
    checkpoint TEXT,
    attempt    BIGINT NOT NULL,
    not_before BIGINT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account, pipeline, scope, from_ms)
);

CREATE TABLE pulls (
    id            TEXT PRIMARY KEY,
    account       TEXT NOT NULL,
    pipeline      TEXT NOT NULL,
    scope         TEXT NOT NULL,
    window_from   BIGINT,
    window_to     BIGINT,
    call_key      TEXT NOT NULL,
    priority      BIGINT NOT NULL,
    not_before    BIGINT NOT NULL,
    attempt       BIGINT NOT NULL,
    checkpoint    TEXT,
    error_kind    TEXT,
    error_message TEXT,
    status        TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

CREATE INDEX pulls_by_turn ON pulls (account, status, priority, not_before, created_at, id);
CREATE INDEX pulls_by_time ON pulls (status, not_before);

CREATE TABLE runs (
    id         TEXT PRIMARY KEY,
    account    TEXT,
    pipeline   TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    outcome    TEXT NOT NULL,
    calls      BIGINT NOT NULL,
    row_count  BIGINT NOT NULL,
    message    TEXT
);

CREATE INDEX runs_by_account ON runs (account, started_at);
CREATE INDEX runs_by_time ON runs (started_at);

CREATE TABLE purged (
    seller    TEXT PRIMARY KEY,
    purged_at BIGINT NOT NULL
);
