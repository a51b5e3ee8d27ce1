// The contract is for engines that no one here has seen: each of these faults must fail it.

import { describe, expect, test } from "vitest";
import type { DispatchEngine, DispatchNotice } from "../../src/index.ts";
import {
  describeAttemptFeed,
  describeDispatchEngine,
  MemoryEngine,
  type OpenQueue,
  type TestRunner,
} from "../../src/testing/index.ts";

interface Sides {
  readonly engine: DispatchEngine;
  readonly openFeed: OpenQueue["openFeed"];
}

type Fault = (right: MemoryEngine) => Partial<DispatchEngine> & Partial<Pick<Sides, "openFeed">>;

const FAULTS: Record<string, Fault> = {
  "loses what is published": () => ({ publish: async () => undefined }),
  "carries one of many": (right) => ({ publish: (notices) => right.publish(notices.slice(0, 1)) }),
  "carries what it has once more": (right) => {
    const ids = new Map<string, number>();
    return {
      publish: async (notices) => {
        for (const notice of notices) {
          const count = ids.get(notice.attemptId) ?? 0;
          ids.set(notice.attemptId, count + 1);
          await right.publish([
            count === 0 ? notice : { ...notice, attemptId: `${notice.attemptId} ${count}` },
          ]);
        }
      },
      openFeed: (plan, take) => right.openFeed(plan, (id) => take(id.split(" ")[0] ?? id)),
    };
  },
  "carries an id only once": (right) => {
    const ids = new Set<string>();
    return {
      publish: async (notices) => {
        const fresh = notices.filter(({ attemptId }) => !ids.has(attemptId));
        for (const { attemptId } of fresh) ids.add(attemptId);
        await right.publish(fresh);
      },
    };
  },
  "has one queue": (right) => ({
    publish: (notices) => right.publish(notices.map((notice) => ({ ...notice, queue: "one" }))),
    openFeed: (plan, take) => right.openFeed({ ...plan, queues: ["one"] }, take),
  }),
  "takes names for the same after a colon": (right) => ({
    publish: (notices) => right.publish(notices.map((notice) => ({ ...notice, queue: short(notice.queue) }))),
    openFeed: (plan, take) => right.openFeed({ ...plan, queues: plan.queues.map(short) }, take),
  }),
  "ignores priorities": (right) => ({
    publish: (notices) => right.publish(notices.map((notice) => ({ ...notice, priority: 1 }))),
  }),
  "knows no priority over 1,000": (right) => ({
    publish: (notices) =>
      right.publish(notices.map((notice) => ({ ...notice, priority: Math.min(notice.priority, 1_000) }))),
  }),
  "withdraws nothing": () => ({ withdraw: async () => undefined }),
  "withdraws only what it published itself": (right) => {
    const mine = new Set<string>();
    return {
      publish: async (notices) => {
        for (const { attemptId } of notices) mine.add(attemptId);
        await right.publish(notices);
      },
      withdraw: (attempts) => right.withdraw(attempts.filter(({ attemptId }) => mine.has(attemptId))),
    };
  },
  "refuses to withdraw what is unknown": (right) => ({
    withdraw: async (attempts) => {
      const known = await right.listKnown(attempts);
      if (attempts.some(({ attemptId }) => !known.has(attemptId))) throw new Error("not found");
      await right.withdraw(attempts);
    },
  }),
  "withdraws for ever": (right) => {
    const withdrawn = new Set<string>();
    return {
      withdraw: async (attempts) => {
        for (const { attemptId } of attempts) withdrawn.add(attemptId);
        await right.withdraw(attempts);
      },
      publish: (notices) => right.publish(notices.filter(({ attemptId }) => !withdrawn.has(attemptId))),
    };
  },
  "knows everything": () => ({ listKnown: async (attempts) => idsOf(attempts) }),
  "knows nothing": () => ({ listKnown: async () => new Set() }),
  "knows what it published, flushed or not": (right) => {
    const published = new Set<string>();
    return {
      publish: async (notices) => {
        for (const { attemptId } of notices) published.add(attemptId);
        await right.publish(notices);
      },
      listKnown: async (attempts) => idsOf(attempts.filter(({ attemptId }) => published.has(attemptId))),
    };
  },
  "takes what it has with it when it is closed": (right) => ({ close: () => right.flush() }),
  "carries all of a notice": (right) => {
    const kept: unknown[] = [];
    right.dump = async () => JSON.stringify(kept);
    return {
      publish: async (notices) => {
        kept.push(...notices);
        await right.publish(notices);
      },
    };
  },
  "ends what is refused": (right) => ({
    openFeed: (plan, take) => right.openFeed(plan, (id) => take(id).catch(() => undefined)),
  }),
  "tries what is refused until it is not": (right) => ({
    openFeed: (plan, take) => {
      const again = async (id: string, left: number): Promise<void> =>
        await take(id).catch(async (error: unknown) => {
          if (left === 0) throw error;
          await new Promise((resolve) => setTimeout(resolve, 10));
          await again(id, left - 1);
        });
      return right.openFeed(plan, (id) => again(id, 1_000));
    },
  }),
  "has places by queue": (right) => ({
    openFeed: async ({ queues, concurrency }, take) => {
      const feeds = await Promise.all(
        queues.map((queue) => right.openFeed({ queues: [queue], concurrency }, take)),
      );
      return { close: async () => void (await Promise.all(feeds.map((feed) => feed.close()))) };
    },
  }),
  "keeps a surplus": (right) => ({
    openFeed: async ({ queues, concurrency }, take) => {
      let line: Promise<void> = Promise.resolve();
      const inLine = (id: string): Promise<void> => {
        line = line.then(() => take(id));
        return line;
      };
      return await right.openFeed({ queues, concurrency: concurrency + 1 }, inLine);
    },
  }),
  "has one place": (right) => ({
    openFeed: (plan, take) => right.openFeed({ ...plan, concurrency: 1 }, take),
  }),
  "serves the first queue first": (right) => ({
    publish: (notices) =>
      right.publish(
        notices.map((notice) => ({
          ...notice,
          queue: "one",
          priority: notice.priority + (notice.queue === "rare" ? 0 : 10),
        })),
      ),
    openFeed: (plan, take) => right.openFeed({ ...plan, queues: ["one"] }, take),
  }),
  "closes without waiting": (right) => ({
    openFeed: async (plan, take) => {
      const feed = await right.openFeed(plan, take);
      return { close: async () => void feed.close() };
    },
  }),
  "takes more after it is closed": (right) => ({
    openFeed: async (plan, take) => {
      await right.openFeed(plan, take);
      return { close: async () => undefined };
    },
  }),
  "waits for something to take before it closes": (right) => ({
    openFeed: async (plan, take) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const feed = await right.openFeed(plan, (id) => take(id).finally(resolve));
      return { close: () => promise.then(() => feed.close()) };
    },
  }),
};

function short(queue: string): string {
  return queue.split(":")[0] ?? queue;
}

function idsOf(attempts: readonly Pick<DispatchNotice, "attemptId">[]): Set<string> {
  return new Set(attempts.map(({ attemptId }) => attemptId));
}

async function open(fault: Fault): Promise<OpenQueue> {
  const right = new MemoryEngine();
  const { openFeed = (plan, take) => right.openFeed(plan, take) } = fault(right);
  return {
    openEngine: async () => ({
      publish: (notices) => right.publish(notices),
      withdraw: (attempts) => right.withdraw(attempts),
      listKnown: (attempts) => right.listKnown(attempts),
      close: () => right.close(),
      ...fault(right),
    }),
    openFeed,
    flush: () => right.flush(),
    dump: () => right.dump(),
    close: async () => undefined,
  };
}

/** Registers the contract and keeps its tests, to be run one by one. */
function contractOf(fault: Fault): (() => Promise<void>)[] {
  const tests: (() => Promise<void>)[] = [];
  const runner: TestRunner = {
    describe: (_name, body) => body(),
    test: (_name, body) => tests.push(body),
  };
  const harness = { open: () => open(fault), patienceMs: 150 };
  describeDispatchEngine("faulty", harness, runner);
  describeAttemptFeed("faulty", harness, runner);
  return tests;
}

async function isCaught(fault: Fault): Promise<boolean> {
  for (const run of contractOf(fault)) {
    try {
      await run();
    } catch {
      return true;
    }
  }
  return false;
}

describe("the contract of dispatch engines", () => {
  test.each(Object.entries(FAULTS))("catches one that %s", async (_name, fault) => {
    expect(await isCaught(fault)).toBe(true);
  });
});
