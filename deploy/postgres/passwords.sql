-- Gives each role of roles.sql the password that the environment has for it. It may run at any time; processes that are
-- connected stay so.
\set ON_ERROR_STOP on
\getenv migrate STAMPEDE_PASSWORD
\getenv api STAMPEDE_API_PASSWORD
\getenv worker STAMPEDE_WORKER_PASSWORD
alter role stampede_migrate password :'migrate';
alter role stampede_api password :'api';
alter role stampede_worker password :'worker';
