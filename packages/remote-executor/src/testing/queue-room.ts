// The room of a test of an engine: a queue, the sides that it opened, and hosts that note what they take.

import { deepEqual, ok } from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { AttemptFeed, AttemptPlace, DispatchEngine, DispatchNotice } from "../dispatch-engine.ts";
import type { EngineHarness, FeedPlan, OpenQueue, TestRunner } from "./engine-harness.ts";

const QUEUE = "default";
const PATIENCE_MS = 30_000;
const LOOK_MS = 10;

/** Registers a test. */
export type Check = (name: string, body: (room: QueueRoom) => Promise<void>) => void;

/** Opens a room for each test, and closes what is in it. */
export function checkIn(harness: EngineHarness, runner: TestRunner): Check {
  return (name, body) => {
    runner.test(name, async () => {
      const queue = await harness.open();
      const room = new QueueRoom(queue, harness.patienceMs ?? PATIENCE_MS);
      try {
        await body(room);
      } finally {
        await room.close();
        await queue.close();
      }
    });
  };
}

/** How a host of a test takes attempts. */
export interface HostPlan extends Partial<FeedPlan> {
  /** Attempts end when they are released; otherwise at once. */
  readonly holds?: boolean;
  /** Called before an attempt is taken; a rejection refuses it. */
  readonly before?: (attemptId: string) => Promise<void>;
}

/** A host that takes attempts. */
export class TestHost {
  /** Those that it has taken, in order; an attempt that was taken twice is there twice. */
  readonly taken: string[] = [];
  /** How many ran at once at most. */
  peak = 0;
  readonly #running = new Map<string, () => void>();
  readonly #plan: HostPlan;
  #feed: AttemptFeed | undefined;

  constructor(plan: HostPlan) {
    this.#plan = plan;
  }

  static async open(queue: OpenQueue, plan: HostPlan): Promise<TestHost> {
    const host = new TestHost(plan);
    const { queues = [QUEUE], concurrency = 1 } = plan;
    host.#feed = await queue.openFeed({ queues, concurrency }, (attemptId) => host.#take(attemptId));
    return host;
  }

  get running(): string[] {
    return [...this.#running.keys()];
  }

  /** Ends an attempt that it holds. */
  release({ attemptId }: DispatchNotice): void {
    const end = this.#running.get(attemptId);
    ok(end, "the attempt runs on this host");
    end();
  }

  releaseAll(): void {
    for (const end of this.#running.values()) end();
  }

  /** Undefined for a feed that cannot tell. */
  async lookFor(notice: DispatchNotice): Promise<AttemptPlace | undefined> {
    return await this.#feed?.lookFor?.(notice);
  }

  async close(): Promise<void> {
    await this.#feed?.close();
  }

  async #take(attemptId: string): Promise<void> {
    await this.#plan.before?.(attemptId);
    this.taken.push(attemptId);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#running.set(attemptId, resolve);
    this.peak = Math.max(this.peak, this.#running.size);
    if (this.#plan.holds !== true) setImmediate(resolve);
    await promise;
    this.#running.delete(attemptId);
  }
}

/** A queue and what was opened of it. */
export class QueueRoom {
  readonly queue: OpenQueue;
  readonly #patienceMs: number;
  readonly #engines: DispatchEngine[] = [];
  readonly #hosts: TestHost[] = [];

  constructor(queue: OpenQueue, patienceMs: number) {
    this.queue = queue;
    this.#patienceMs = patienceMs;
  }

  async openEngine(): Promise<DispatchEngine> {
    const engine = await this.queue.openEngine();
    this.#engines.push(engine);
    return engine;
  }

  async openHost(plan: HostPlan = {}): Promise<TestHost> {
    const host = await TestHost.open(this.queue, plan);
    this.#hosts.push(host);
    return host;
  }

  notice(fields: Partial<DispatchNotice> = {}): DispatchNotice {
    return {
      attemptId: randomUUID(),
      queue: QUEUE,
      priority: 1,
      team: "ml",
      dagId: "train",
      taskId: "fit",
      ...fields,
    };
  }

  notices(count: number, fields: Partial<DispatchNotice> = {}): DispatchNotice[] {
    return Array.from({ length: count }, () => this.notice(fields));
  }

  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + this.#patienceMs;
    while (!(await holds())) {
      ok(performance.now() < end, `until ${what}`);
      await pause(LOOK_MS);
    }
  }

  /** Waits until a host has taken attempts, in any order; it has taken no others. */
  async untilTaken(host: TestHost, notices: readonly DispatchNotice[]): Promise<void> {
    const wanted = notices.map(({ attemptId }) => attemptId).toSorted();
    await this.until("they are taken", () => host.taken.length >= wanted.length);
    deepEqual(host.taken.toSorted(), wanted);
  }

  async untilUnknown(engine: DispatchEngine, notices: readonly DispatchNotice[]): Promise<void> {
    await this.until("they are unknown", async () => (await engine.listKnown(notices)).size === 0);
  }

  /** Ends what runs, and closes what was opened. */
  async close(): Promise<void> {
    const closed = Promise.all(this.#hosts.map((host) => host.close()));
    let isClosed = false;
    closed.then(
      () => (isClosed = true),
      () => (isClosed = true),
    );
    await this.until("the hosts are closed", () => {
      for (const host of this.#hosts) host.releaseAll();
      return isClosed;
    });
    await closed;
    await Promise.all(this.#engines.map((engine) => engine.close()));
  }
}
