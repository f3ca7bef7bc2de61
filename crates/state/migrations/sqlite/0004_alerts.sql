-- Alerts say whose they are, and stay when they are resolved. Times are milliseconds since 1970 in UTC.

CREATE TABLE alerts (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    seller      TEXT NOT NULL,
    account     TEXT,
    about       TEXT NOT NULL,
    severity    TEXT NOT NULL,
    state       TEXT NOT NULL,
    first_at    BIGINT NOT NULL,
    last_at     BIGINT NOT NULL,
    resolved_at BIGINT,
    subject     TEXT NOT NULL,
    message     TEXT NOT NULL
);

CREATE INDEX alerts_by_seller ON alerts (seller, kind);

-- Ids were KIND:ABOUT; of an account's alerts ABOUT begins with the account, of the others the subject names the seller.
INSERT INTO alerts (id, kind, seller, account, about, severity, state, first_at, last_at, subject, message)
SELECT kind || ':' || seller || ':' || coalesce(account, '') || ':' || about, kind, seller, account, about, severity, 'firing',
       raised_at, updated_at, subject, message
FROM (
    SELECT CASE kind WHEN 'held' THEN 'held_back' WHEN 'pull' THEN 'slice' ELSE kind END AS kind,
           coalesce(substr(account, 1, length(account) - 3),
                    substr(folder, 1, instr(folder || '/', '/') - 1)) AS seller,
           account,
           CASE kind
               WHEN 'held' THEN replace(about, ':' || substr(folder, 1, instr(folder || '/', '/') - 1) || ':', ':')
               WHEN 'drift' THEN substr(about, 1, instr(about, ':') - 1)
               WHEN 'marketplace' THEN substr(about, instr(about, ':') + 1)
               WHEN 'pull' THEN substr(about, instr(about, ':') + 1)
               WHEN 'account' THEN ''
               ELSE about
           END AS about,
           severity, raised_at, updated_at, subject, message
    FROM (
        SELECT *, substr(id, 1, instr(id, ':') - 1) AS kind, substr(id, instr(id, ':') + 1) AS about,
               CASE WHEN id LIKE 'account:%' THEN substr(id, 9)
                    WHEN id LIKE 'pull:%' THEN substr(id, 6, instr(substr(id, 6), ':') - 1) END AS account,
               substr(subject, instr(subject, 'seller_id=') + 10) AS folder
        FROM alarms
    ) AS named
) AS told;

DROP TABLE alarms;
