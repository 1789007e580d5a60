-- SPDX-License-Identifier: ISC
--
-- A million events that are done, a second apart until now, in a journal
-- that was just made.

PRAGMA synchronous = OFF;
BEGIN;
CREATE TEMP TABLE numbers AS
    WITH RECURSIVE count(n) AS (
	SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 1000000)
    SELECT n, (unixepoch() - 1000000 + n) * 1000 AS received FROM count;
INSERT INTO events(seq, id, hook, name, received, digest, verified, remote,
    body)
    SELECT n, printf('%08x-%04x-7000-8000-%012x', received >> 16,
	received & 65535, n), 'bench', 'pipeline_run_error', received,
	printf('%064x', n), 1, '127.0.0.1',
	CAST(printf('{"event":"pipeline_run_error","n":%d,"text":"%0.*d"}',
	    n, 400, 0) AS BLOB) FROM numbers;
INSERT INTO deliveries(seq, event, hook, ordinal, state, held, key, since,
    due, step, attempts, runner, claim, started, pid, start, finished)
    SELECT n, n, 'bench', 0, 2, 0, NULL, 0, received, 0, 1, 0, 0, received,
	0, 0, received FROM numbers;
INSERT INTO attempts(delivery, turn, number, started, ended, outcome, code,
    tail)
    SELECT n, 1, 1, received, received, 'exit', 0, NULL FROM numbers;
INSERT INTO opens(hook, events) VALUES('bench', 0);
INSERT INTO tallies(hook, name, state, deliveries)
    VALUES('bench', 'pipeline_run_error', 2, 1000000);
COMMIT;
PRAGMA wal_checkpoint(TRUNCATE);
