// What a whole test run shares: one PostgreSQL server, with a migrated database to make others from.

import { openMetastore } from "@memodag/metastore";
import type { TestProject } from "vitest/node";
import { PostgresServer } from "./postgres-server/postgres-server.ts";

// Of the databases that every server has, one is migrated and copied, which needs it to be left alone,
// and the other is where whoever makes copies connects to.
const TEMPLATE = "postgres";
const CONTROL = "template1";

/** Starts the server and tells the tests where it is; resolves to what ends it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await PostgresServer.create();
  const template = await openMetastore(server.url(TEMPLATE));
  await template.migrate();
  await template.close();
  project.provide("postgres", { serverUrl: server.url(CONTROL), template: TEMPLATE });
  return () => server.stop();
}
