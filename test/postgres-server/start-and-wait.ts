// Starts a server, says where it is, and waits: for a test that kills it.

import { PostgresServer } from "./postgres-server.ts";

const server = await PostgresServer.create();
process.stdout.write(`${JSON.stringify({ pid: server.pid, url: server.url("postgres") })}\n`);
process.stdin.resume();
