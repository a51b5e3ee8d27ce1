// A real scheduler whose connections to PostgreSQL break without a word: it says so, and hears SIGTERM.

import { createTestDatabase, FreezingProxy } from "@memodag/metastore/testing";
import { expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

/** A scheduler, with the database behind a proxy. */
async function start() {
  const database = await createTestDatabase("postgres");
  const proxy = new FreezingProxy(new URL(database.url));
  const url = new URL(database.url);
  url.host = `127.0.0.1:${await proxy.listen()}`;
  url.search = "";
  const workspace = new Workspace({
    databaseUrl: url.href,
    config: '[scheduler]\nshutdown_grace = "2s"\npoll_interval = "500ms"\n',
    dags: {},
  });
  await workspace.memodag(["db", "migrate"]);
  const scheduler = workspace.start("scheduler");
  await scheduler.says("scheduler started");
  const remove = async (): Promise<void> => {
    proxy.close();
    await workspace.remove();
    await database.drop();
  };
  return { proxy, scheduler, [Symbol.asyncDispose]: remove };
}

it("a scheduler says in one line that its connections broke, and goes on with new ones", async () => {
  await using rig = await start();
  rig.proxy.freeze();
  await rig.scheduler.says("a connection to the database broke without a word");
  expect(await rig.scheduler.end("SIGTERM")).toBe(0);
});

it("a scheduler whose database swallows everything ends when it is told to, within its grace", async () => {
  await using rig = await start();
  rig.proxy.swallow();
  const toldAt = performance.now();
  await rig.scheduler.end("SIGTERM");
  // The grace, and what it takes to find out that a connection is dead: not the minutes of TCP.
  expect(performance.now() - toldAt).toBeLessThan(40_000);
});
