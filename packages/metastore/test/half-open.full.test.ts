// Connections to PostgreSQL whose packets vanish while new ones work, as after a failover or a firewall's timeout.

import { createTestDatabase, FreezingProxy, type TestDatabase } from "@memodag/metastore/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openMetastore, type Metastore } from "../src/index.ts";
import { openPostgresConnection } from "../src/postgres/connection.ts";

const WATCH = { silentMs: 400, probeMs: 1_000, unknownMs: 3_000 };

describe("half-open connections to PostgreSQL", () => {
  let database: TestDatabase;
  let proxy: FreezingProxy;
  let url: string;

  beforeEach(async () => {
    database = await createTestDatabase("postgres");
    const target = new URL(database.url);
    proxy = new FreezingProxy(target);
    target.host = `127.0.0.1:${await proxy.listen()}`;
    target.search = "";
    url = target.href;
  });
  afterEach(async () => {
    proxy.close();
    await database.drop();
  });

  const open = () => openMetastore(url, { postgres: { watch: WATCH } });

  test("a query rejects soon, with all that waited, and the next one works", async () => {
    const metastore: Metastore = await open();
    await metastore.migrate();
    // Several connections, so that it is seen that not each of them has to be found out by a query of its own.
    await Promise.all(Array.from({ length: 8 }, () => metastore.readClock()));
    const told: string[] = [];
    metastore.onConnectionBroken((reason) => told.push(reason));
    proxy.freeze();
    const waiting = await Promise.allSettled([metastore.readClock(), metastore.readClock()]);
    expect(waiting).toEqual([
      expect.objectContaining({
        reason: expect.objectContaining({ message: expect.stringMatching(/no answer/) }),
      }),
      expect.objectContaining({ status: "rejected" }),
    ]);
    const startedAt = performance.now();
    for (let number = 0; number < 8; number += 1) expect(await metastore.readClock()).toBeGreaterThan(0);
    expect(performance.now() - startedAt).toBeLessThan(WATCH.silentMs);
    expect(told).toEqual([
      expect.stringMatching(/^no answer for \d+ s on this connection to a server that answers/),
    ]);
    await metastore.close();
  });

  test("a transaction is cut off at whatever statement, and its connection is used no more", async () => {
    const connection = await openPostgresConnection(url, { watch: WATCH, maxConnections: 1 });
    for (const freezeAt of ["work", "commit"]) {
      const work = connection.transaction(async (client) => {
        if (freezeAt === "work") proxy.freeze();
        await client.query("select 1");
        if (freezeAt === "commit") proxy.freeze();
      });
      await expect(work).rejects.toThrow(/no answer/);
      expect((await connection.pool.query("select 2 as two")).rows).toEqual([{ two: 2 }]);
    }
    await connection.close();
  });

  test("listening is taken up again, and heard", async () => {
    const metastore = await open();
    await metastore.migrate();
    let heard = 0;
    const watch = await metastore.changes.watchRuns(() => (heard += 1));
    const before = heard;
    proxy.freeze();
    // Nothing is asked here but what the listening asks itself; it rings when it is there again.
    await expect.poll(() => heard, { timeout: 20_000 }).toBeGreaterThan(before);
    await watch.close();
    await metastore.close();
  });

  test("closing waits for no server that is gone", async () => {
    const metastore = await open();
    await metastore.readClock();
    const watch = await metastore.changes.watchRuns(() => undefined);
    proxy.swallow();
    const query = metastore.readClock().catch((error: unknown) => error);
    await watch.close();
    await metastore.close();
    expect(await query).toBeInstanceOf(Error);
  });

  test("a query that the server works on for long is waited for", async () => {
    const connection = await openPostgresConnection(url, { watch: WATCH });
    const { rows } = await connection.pool.query("select 1 as one from pg_sleep(2.5)");
    expect(rows).toEqual([{ one: 1 }]);
    const [{ idle, statement } = {}] = (
      await connection.pool.query<{ idle: string; statement: string }>(
        "select current_setting('idle_in_transaction_session_timeout') as idle, current_setting('statement_timeout') as statement",
      )
    ).rows;
    expect({ idle, statement }).toEqual({ idle: "1min", statement: "10min" });
    await connection.close();
  });
});
