-- Accounts, their secrets, leases, quotas, slices, jobs and runs. Times are milliseconds since 1970 in UTC; texts compare by their bytes.

CREATE TABLE accounts (
    id           TEXT COLLATE "C" PRIMARY KEY,
    seller       TEXT COLLATE "C" NOT NULL,
    region       TEXT COLLATE "C" NOT NULL,
    application  TEXT COLLATE "C" NOT NULL,
    marketplaces TEXT COLLATE "C" NOT NULL,
    status       TEXT COLLATE "C" NOT NULL,
    reason       TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);

CREATE INDEX accounts_by_seller ON accounts (seller);

CREATE TABLE ads_profiles (
    account     TEXT COLLATE "C" NOT NULL,
    id          TEXT COLLATE "C" NOT NULL,
    marketplace TEXT COLLATE "C" NOT NULL,
    currency    TEXT COLLATE "C" NOT NULL,
    time_zone   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, id)
);

-- One row: the key that every secret is encrypted with.
CREATE TABLE vault_key (
    slot   TEXT COLLATE "C" PRIMARY KEY,
    key_id TEXT COLLATE "C" NOT NULL,
    since  BIGINT NOT NULL
);

CREATE TABLE vault (
    owner      TEXT COLLATE "C" NOT NULL,
    field      TEXT COLLATE "C" NOT NULL,
    key_id     TEXT COLLATE "C" NOT NULL,
    sealed     TEXT COLLATE "C" NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (owner, field)
);

-- A row stays after its lease was released, so that epochs never repeat.
CREATE TABLE leases (
    account     TEXT COLLATE "C" PRIMARY KEY,
    owner       TEXT COLLATE "C",
    epoch       BIGINT NOT NULL,
    acquired_at BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);

CREATE TABLE buckets (
    owner           TEXT COLLATE "C" NOT NULL,
    operation       TEXT COLLATE "C" NOT NULL,
    tokens          DOUBLE PRECISION NOT NULL,
    rate_per_second DOUBLE PRECISION NOT NULL,
    burst           DOUBLE PRECISION NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (owner, operation)
);

-- Intervals [from_ms, to_ms) of one account, pipeline and scope never overlap.
CREATE TABLE slices (
    account    TEXT COLLATE "C" NOT NULL,
    pipeline   TEXT COLLATE "C" NOT NULL,
    scope      TEXT COLLATE "C" NOT NULL,
    from_ms    BIGINT NOT NULL,
    to_ms      BIGINT NOT NULL,
    status     TEXT COLLATE "C" NOT NULL,
    reason     TEXT COLLATE "C",
    delivery   TEXT COLLATE "C",
    checkpoint TEXT COLLATE "C",
    attempt    BIGINT NOT NULL,
    not_before BIGINT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account, pipeline, scope, from_ms)
);

CREATE TABLE pulls (
    id            TEXT COLLATE "C" PRIMARY KEY,
    account       TEXT COLLATE "C" NOT NULL,
    pipeline      TEXT COLLATE "C" NOT NULL,
    scope         TEXT COLLATE "C" NOT NULL,
    window_from   BIGINT,
    window_to     BIGINT,
    call_key      TEXT COLLATE "C" NOT NULL,
    priority      BIGINT NOT NULL,
    not_before    BIGINT NOT NULL,
    attempt       BIGINT NOT NULL,
    checkpoint    TEXT COLLATE "C",
    error_kind    TEXT COLLATE "C",
    error_message TEXT COLLATE "C",
    status        TEXT COLLATE "C" NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

CREATE INDEX pulls_by_turn ON pulls (account, status, priority, not_before, created_at, id);
CREATE INDEX pulls_by_time ON pulls (status, not_before);

CREATE TABLE runs (
    id         TEXT COLLATE "C" PRIMARY KEY,
    account    TEXT COLLATE "C",
    pipeline   TEXT COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    outcome    TEXT COLLATE "C" NOT NULL,
    calls      BIGINT NOT NULL,
    row_count  BIGINT NOT NULL,
    message    TEXT COLLATE "C"
);

CREATE INDEX runs_by_account ON runs (account, started_at);
CREATE INDEX runs_by_time ON runs (started_at);

CREATE TABLE purged (
    seller    TEXT COLLATE "C" PRIMARY KEY,
    purged_at BIGINT NOT NULL
);
