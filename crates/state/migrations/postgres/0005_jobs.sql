-- A request in the queue is a job.

ALTER TABLE pulls RENAME TO jobs;
ALTER INDEX pulls_by_turn RENAME TO jobs_by_turn;
ALTER INDEX pulls_by_time RENAME TO jobs_by_time;
