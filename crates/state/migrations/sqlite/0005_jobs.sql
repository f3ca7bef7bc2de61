-- A request in the queue is a job.

ALTER TABLE pulls RENAME TO jobs;

DROP INDEX pulls_by_turn;
DROP INDEX pulls_by_time;
CREATE INDEX jobs_by_turn ON jobs (account, status, priority, not_before, created_at, id);
CREATE INDEX jobs_by_time ON jobs (status, not_before);
