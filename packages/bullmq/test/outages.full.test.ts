// What goes wrong with a server: away, empty, full, silent, or with fewer rights. Attempts are delayed, and no more.

import { once } from "node:events";
import { createServer } from "node:net";
import type { Logger } from "@memodag/core";
import type { AttemptFeed, DispatchEngine, DispatchNotice } from "@memodag/remote-executor";
import { RedisServer } from "@memodag/test-servers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openAttemptFeed, openDispatchEngine } from "../src/index.ts";
import { engineOptions } from "./redis-queue.ts";

const failed = { code: "engine_failed", fault: "infrastructure" };
/** By then the pause between two tries of each of the three connections has reached its limit, 2 s. */
const TRIES = 18;

const SOON = { timeout: 10_000, interval: 20 };

let server: RedisServer;
let closing: (() => Promise<void>)[];
let lines: string[];

beforeEach(async () => {
  server = await RedisServer.start();
  closing = [];
  lines = [];
});

afterEach(async () => {
  // A feed is to close whatever has become of its server.
  await Promise.all(closing.map((close) => close()));
  await server.stop();
});

const note = (message: string, fields: object = {}): void =>
  void lines.push(`${message} ${JSON.stringify(fields)}`);
const log: Logger = { debug: note, info: note, warn: note, error: note };

async function openEngine(url: string = server.url): Promise<DispatchEngine> {
  const engine = await openDispatchEngine(engineOptions(url, { log }));
  closing.push(() => engine.close());
  return engine;
}

/** A host that notes what it takes, and holds it until it is released. */
class Host {
  readonly taken: string[] = [];
  readonly #ends: (() => void)[] = [];
  #feed: AttemptFeed | undefined;

  static async open({ url = server.url, concurrency = 5, queues = ["default"] } = {}): Promise<Host> {
    const host = new Host();
    const options = { ...engineOptions(url, { log }), queues, concurrency };
    host.#feed = await openAttemptFeed(options, (attemptId) => host.#take(attemptId));
    closing.push(() => host.close());
    return host;
  }

  release(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  async close(): Promise<void> {
    this.release();
    await this.#feed?.close();
  }

  #take(attemptId: string): Promise<void> {
    this.taken.push(attemptId);
    return new Promise((resolve) => this.#ends.push(resolve));
  }
}

let count = 0;
function notice(fields: Partial<DispatchNotice> = {}): DispatchNotice {
  count += 1;
  return {
    attemptId: `attempt-${count}`,
    queue: "default",
    priority: 1,
    team: "ml",
    dagId: "train",
    taskId: "fit",
    ...fields,
  };
}

async function untilTaken(host: Host, { attemptId }: DispatchNotice): Promise<void> {
  await expect.poll(() => host.taken, SOON).toContain(attemptId);
}

/** Publishes as a scheduler does: again until it does not fail. */
async function publish(engine: DispatchEngine, ...notices: DispatchNotice[]): Promise<void> {
  const outcome = async (): Promise<unknown> =>
    await engine.publish(notices).then(
      () => "published",
      (error: unknown) => error,
    );
  await expect.poll(outcome, SOON).toBe("published");
}

describe("a server that is away", () => {
  test("leaves what runs alone, fails calls at once, and is used again when it is back, empty", async () => {
    const engine = await openEngine();
    const host = await Host.open();
    const [running, lost, next] = [notice(), notice({ queue: "no-host" }), notice()];
    await engine.publish([running, lost]);
    await untilTaken(host, running);
    await server.stop();
    await expect.poll(() => engine.publish([next]).catch((error: unknown) => error)).toMatchObject(failed);
    for (const call of [engine.listKnown([running]), engine.withdraw([running])])
      await expect(call).rejects.toMatchObject(failed);
    await refuseConnections(server.port, TRIES);
    await server.startAgain();
    await publish(engine, next);
    await untilTaken(host, next);
    expect(await engine.listKnown([running, lost, next])).toEqual(new Set([next.attemptId]));
    host.release();
    await expect.poll(() => engine.listKnown([next]), SOON).toEqual(new Set());
    expect(host.taken).toEqual([running.attemptId, next.attemptId]);
  });

  test("when both sides are opened is used as soon as it is there", async () => {
    await server.stop();
    const engine = await openEngine();
    const host = await Host.open();
    const attempt = notice();
    await expect(engine.publish([attempt])).rejects.toMatchObject(failed);
    await server.startAgain();
    await publish(engine, attempt);
    await untilTaken(host, attempt);
  });

  test("does not hold up what closes", async () => {
    const [engine, host] = [await openEngine(), await Host.open()];
    const running = notice();
    await engine.publish([running]);
    await untilTaken(host, running);
    await server.stop();
    const never = await Host.open();
    await Promise.all([engine.close(), host.close(), never.close()]);
    expect(never.taken).toEqual([]);
  });
});

describe("a server that stays", () => {
  test("and ends all connections is connected to again", async () => {
    const [engine, host] = [await openEngine(), await Host.open()];
    const attempts = [notice(), notice(), notice()];
    for (const attempt of attempts) {
      await server.command("CLIENT", "KILL", "TYPE", "normal");
      await publish(engine, attempt);
      await untilTaken(host, attempt);
    }
    expect(host.taken).toEqual(attempts.map(({ attemptId }) => attemptId));
  });

  test("and does not answer fails calls, and goes on afterwards", async () => {
    const [engine, host] = [await openEngine(), await Host.open()];
    const attempt = notice();
    server.suspend(true);
    try {
      await expect(engine.publish([attempt])).rejects.toMatchObject(failed);
    } finally {
      server.suspend(false);
    }
    await publish(engine, attempt);
    await untilTaken(host, attempt);
    expect(host.taken).toEqual([attempt.attemptId]);
  });

  test("and is full says so, and goes on when it is not", async () => {
    const [engine, host] = [await openEngine(), await Host.open({ concurrency: 1 })];
    const [running, waiting] = [notice(), notice()];
    await engine.publish([running]);
    await untilTaken(host, running);
    await server.command("CONFIG", "SET", "maxmemory", "1");
    await expect(engine.publish([waiting])).rejects.toThrow(/maxmemory-policy.* must be noeviction/);
    host.release();
    await server.command("CONFIG", "SET", "maxmemory", "0");
    await publish(engine, waiting);
    await untilTaken(host, waiting);
  });

  test("and evicts keys is warned of, also on connections that were made anew", async () => {
    const engine = await openEngine();
    const check = async () =>
      await vi.waitUntil(() => engine.check?.().catch(() => undefined), { timeout: 30_000 });
    expect(await check()).toEqual([]);
    await server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    const warning = /evicts keys when it is full \(maxmemory-policy allkeys-lru\)/;
    expect(await check()).toEqual([expect.stringMatching(warning)]);
    await server.command("CLIENT", "KILL", "TYPE", "normal");
    expect(await check()).toEqual([expect.stringMatching(warning)]);
    await server.stop();
    await expect(engine.check?.()).rejects.toMatchObject(failed);
    await server.startAgain();
    expect(await check()).toEqual([]);
  });

  test("and was flushed while hosts wait brings what is published next", async () => {
    const [engine, host] = [await openEngine(), await Host.open()];
    const [running, next] = [notice(), notice()];
    await engine.publish([running]);
    await untilTaken(host, running);
    await server.command("FLUSHALL");
    await server.command("SCRIPT", "FLUSH");
    host.release();
    await publish(engine, next);
    await untilTaken(host, next);
    expect(host.taken).toEqual([running.attemptId, next.attemptId]);
  });

  test("and evicted the line lets its attempts be published again", async () => {
    const engine = await openEngine();
    const attempt = notice();
    await engine.publish([attempt]);
    await server.command("DEL", "memodag:default:prioritized");
    expect(await engine.listKnown([attempt])).toEqual(new Set());
    await engine.publish([attempt]);
    await untilTaken(await Host.open(), attempt);
  });

  test("brings back the job of a host that died with it, and takes its late end for none", async () => {
    const engine = await openEngine();
    const dead = await Host.open({ concurrency: 1 });
    const attempt = notice();
    await engine.publish([attempt]);
    await untilTaken(dead, attempt);
    await server.command("DEL", `memodag:default:${attempt.attemptId}:lock`);
    const others: Host[] = [];
    const takes = (): number => others.flatMap(({ taken }) => taken).length;
    // A host looks for such jobs when it is opened; the first one marks them.
    for (const _ of [1, 2]) {
      await server.command("DEL", "memodag:default:stalled-check");
      others.push(await Host.open());
      await expect.poll(() => server.command("EXISTS", "memodag:default:stalled-check"), SOON).toBe(1);
    }
    await expect.poll(takes, SOON).toBe(1);
    dead.release();
    expect(await engine.listKnown([attempt])).toEqual(new Set([attempt.attemptId]));
    for (const host of others) host.release();
    await expect.poll(() => engine.listKnown([attempt]), SOON).toEqual(new Set());
  });

  test("keeps nothing of attempts that are over", async () => {
    const [engine, host] = [await openEngine(), await Host.open({ concurrency: 100 })];
    const notices = Array.from({ length: 200 }, () => notice());
    await engine.publish(notices);
    const released = async (): Promise<number> => {
      host.release();
      return (await engine.listKnown(notices)).size;
    };
    await expect.poll(released, SOON).toBe(0);
    expect(await server.command("KEYS", "*attempt-*")).toEqual([]);
    expect(await server.command("DBSIZE")).toBeLessThan(8);
    expect(await server.command("XLEN", "memodag:default:events")).toBeLessThan(250);
  });
});

describe("a user of the server", () => {
  /** The one that the README tells to make. */
  const RIGHTS = ["~memodag:*", "+@all", "-@admin", "-@dangerous", "+info", "+client|setname"];

  async function urlOf(password: string, ...rights: string[]): Promise<string> {
    await server.command("ACL", "SETUSER", "worker", "reset", "on", ">right", ...rights);
    const url = new URL(server.url);
    url.username = "worker";
    url.password = password;
    return url.href;
  }

  test("who has the keys of the prefix alone is enough for both sides", async () => {
    const url = await urlOf("right", ...RIGHTS);
    const engine = await openEngine(url);
    const host = await Host.open({ url, queues: ["default", "größe:1"] });
    const [first, second, withdrawn] = [notice(), notice({ queue: "größe:1" }), notice({ queue: "none" })];
    await engine.publish([first, second, withdrawn]);
    await engine.withdraw([withdrawn]);
    for (const attempt of [first, second]) await untilTaken(host, attempt);
    expect((await engine.listKnown([first, second, withdrawn])).size).toBe(2);
    host.release();
    await expect.poll(() => engine.listKnown([first, second]), SOON).toEqual(new Set());
    expect(lines.filter((line) => /NOPERM/.test(line))).toEqual([]);
  });

  test("with too few rights is told what is missing", async () => {
    const engine = await openEngine(await urlOf("right", "~other:*", "+@all"));
    await expect(engine.publish([notice()])).rejects.toThrow(/NOPERM.*README/s);
  });

  test("whose password is wrong is told so, and it is said nowhere", async () => {
    const url = await urlOf("the-wrong-one", ...RIGHTS);
    const engine = await openEngine(url);
    const host = await Host.open({ url });
    const outcome = await engine.publish([notice()]).catch((error: unknown) => error as Error);
    expect(outcome).toMatchObject(failed);
    await host.close();
    expect(lines.join("\n")).toContain("WRONGPASS");
    expect(`${lines.join("\n")} ${String(outcome)} ${JSON.stringify(outcome)}`).not.toContain(
      "the-wrong-one",
    );
  });
});

/** Listens in place of a server until so many connections were tried, and ends each. */
async function refuseConnections(port: number, tries: number): Promise<void> {
  const { promise: tried, resolve } = Promise.withResolvers<void>();
  let left = tries;
  const refusing = createServer((socket) => {
    socket.destroy();
    left -= 1;
    if (left === 0) resolve();
  }).listen(port, "127.0.0.1");
  await tried;
  await once(refusing.close(), "close");
}
