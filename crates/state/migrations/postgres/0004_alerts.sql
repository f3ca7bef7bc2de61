-- Alerts say whose they are, and stay when they are resolved. Times are milliseconds since 1970 in UTC; texts compare by their bytes.

CREATE TABLE alerts (
    id          TEXT COLLATE "C" PRIMARY KEY,
    kind        TEXT COLLATE "C" NOT NULL,
    seller      TEXT COLLATE "C" NOT NULL,
    account     TEXT COLLATE "C",
    about       TEXT COLLATE "C" NOT NULL,
    severity    TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,
    first_at    BIGINT NOT NULL,
    last_at     BIGINT NOT NULL,
    resolved_at BIGINT,
    subject     TEXT COLLATE "C" NOT NULL,
    message     TEXT COLLATE "C" NOT NULL
);

CREATE INDEX alerts_by_seller ON alerts (seller, kind);

-- Ids were KIND:ABOUT; of an account's alerts ABOUT begins with the account, of the others the subject names the seller.
INSERT INTO alerts (id, kind, seller, account, about, severity, state, first_at, last_at, subject, message)
SELECT kind || ':' || seller || ':' || coalesce(account, '') || ':' || about, kind, seller, account, about, severity, 'firing',
       raised_at, updated_at, subject, message
FROM (
    SELECT CASE kind WHEN 'held' THEN 'held_back' WHEN 'pull' THEN 'slice' ELSE kind END AS kind,
           coalesce(substr(account, 1, length(account) - 3),
                    split_part(folder, '/', 1)) AS seller,
           account,
           CASE kind
               WHEN 'held' THEN replace(about, ':' || split_part(folder, '/', 1) || ':', ':')
               WHEN 'drift' THEN split_part(about, ':', 1)
               WHEN 'marketplace' THEN substr(about, strpos(about, ':') + 1)
               WHEN 'pull' THEN substr(about, strpos(about, ':') + 1)
               WHEN 'account' THEN ''
               ELSE about
           END AS about,
           severity, raised_at, updated_at, subject, message
    FROM (
        SELECT *, split_part(id, ':', 1) AS kind, substr(id, strpos(id, ':') + 1) AS about,
               CASE WHEN id LIKE 'account:%' THEN substr(id, 9)
                    WHEN id LIKE 'pull:%' THEN split_part(id, ':', 2) END AS account,
               substr(subject, strpos(subject, 'seller_id=') + 10) AS folder
        FROM alarms
    ) AS named
) AS told;

DROP TABLE alarms;
