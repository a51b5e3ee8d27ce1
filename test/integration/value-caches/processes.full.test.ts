// Value caches in several processes, on every store that processes share: one creation a key, and what happens when
// the process that creates is killed or stopped.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { openTestMetastore } from "@memodag/metastore/testing";
import { RedisServer } from "@memodag/test-servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askCreator, startCreator } from "./value-creators.ts";

const PROCESSES = 8;
const KEYS = 1_000;

interface SharedStore extends AsyncDisposable {
  readonly url: string;
}

const STORES: Readonly<Record<string, () => Promise<SharedStore>>> = {
  sqlite: () => openTestMetastore("sqlite"),
  postgres: () => openTestMetastore("postgres"),
  async redis() {
    const server = await RedisServer.start();
    return { url: server.url, [Symbol.asyncDispose]: () => server.stop() };
  },
};

describe.each(Object.keys(STORES))("value caches of several processes on %s", (name) => {
  let store: SharedStore;
  const started: ChildProcess[] = [];
  beforeAll(async () => {
    store = await (STORES[name] as () => Promise<SharedStore>)();
  });
  afterAll(async () => {
    for (const child of started) child.kill("SIGKILL");
    await store[Symbol.asyncDispose]();
  });

  async function start(lease?: string): Promise<ChildProcess> {
    const child = await startCreator(store.url, lease);
    started.push(child);
    return child;
  }

  test(`create each of ${KEYS} keys once, whichever of ${PROCESSES} processes it is`, async () => {
    const processes = await Promise.all(Array.from({ length: PROCESSES }, () => start()));
    const answers = await Promise.all(processes.map((child) => askCreator(child, { keys: KEYS })));
    expect(answers.reduce((sum, { created }) => sum + created, 0)).toBe(KEYS);
    for (const { values } of answers) expect(new Set(values).size).toBe(KEYS);
    for (const child of processes) child.kill("SIGKILL");
  });

  test("go on when the creator is killed, once its lease is over", async () => {
    const [killed, next] = [await start("2s"), await start("2s")];
    void askCreator(killed, { key: "killed", value: "lost", waitsForWord: true });
    await once(killed, "message");
    const waiting = askCreator(next, { key: "killed", value: "next" });
    killed.kill("SIGKILL");
    const killedAt = performance.now();
    expect(await waiting).toEqual({ created: 1, values: ["next"] });
    // The lease, the longest pause between two looks, and a busy machine.
    expect(performance.now() - killedAt).toBeLessThan(10_000);
    expect(await askCreator(await start(), { key: "killed", value: "never" })).toEqual({
      created: 0,
      values: ["next"],
    });
  });

  test("go on when the creator is stopped; what it creates late is its own, and not stored", async () => {
    const [slow, quick] = [await start("300ms"), await start("300ms")];
    const late = askCreator(slow, { key: "stopped", value: "late", waitsForWord: true });
    await once(slow, "message");
    slow.kill("SIGSTOP");
    expect(await askCreator(quick, { key: "stopped", value: "quick" })).toEqual({
      created: 1,
      values: ["quick"],
    });
    slow.kill("SIGCONT");
    slow.send("go on");
    expect(await late).toEqual({ created: 1, values: ["late"] });
    expect(await askCreator(slow, { key: "stopped", value: "never" })).toEqual({
      created: 0,
      values: ["quick"],
    });
  });
});
