// The contract is for executors that no one here has seen: each of these faults must fail it.

import type { Attempt, Executor, ExecutorListener } from "@memodag/core";
import { describe, expect, test } from "vitest";
import { describeExecutor, type TestRunner } from "../../src/testing/index.ts";
import { openMemory, type MemoryExecutor } from "./memory-executor.ts";

type Fault = (right: MemoryExecutor) => Partial<Executor>;

const outcome = {
  kind: "failed",
  error: { code: "late", message: "" },
  durationMs: 0,
  retryable: true,
} as const;

/** Passes on to the listener what `pass` lets through. */
function listening(right: MemoryExecutor, pass: (listener: ExecutorListener) => ExecutorListener) {
  return { listen: (listener: ExecutorListener) => right.listen(pass(listener)) };
}

const FAULTS: Record<string, Fault> = {
  "throws when it is full": (right) => ({
    submit: async (attempt) => {
      if ((await right.submit(attempt)) === "full") throw new Error("no room");
      return "accepted";
    },
  }),
  "loses what it has no room for": (right) => ({
    submit: async (attempt) => {
      await right.submit(attempt);
      return "accepted";
    },
  }),
  "keeps what it has no room for": (right) => {
    const kept: Attempt[] = [];
    return {
      submit: async (attempt) => {
        const answer = await right.submit(attempt);
        if (answer === "full") kept.push(attempt);
        return answer;
      },
      ...listening(right, ({ onEvent, onCapacity }) => ({
        onEvent,
        onCapacity: () => {
          for (const attempt of kept.splice(0)) void right.submit(attempt);
          onCapacity();
        },
      })),
    };
  },
  "takes more than it has room for": (right) => ({
    submit: async (attempt) => {
      right.limit += 1;
      return await right.submit(attempt);
    },
  }),
  "looks for room before it takes": (right) => ({
    submit: async (attempt) => {
      if (right.capacity() <= 0) return "full";
      await new Promise<void>((resolve) => setImmediate(resolve));
      right.limit += 1;
      const answer = await right.submit(attempt);
      right.limit -= 1;
      return answer;
    },
  }),
  "counts what runs late": (right) => {
    let submitted = 0;
    return {
      submit: async (attempt) => {
        submitted += 1;
        const answer = await right.submit(attempt);
        await new Promise<void>((resolve) => setImmediate(resolve));
        submitted -= 1;
        return answer;
      },
      capacity: () => right.capacity() + submitted,
    };
  },
  "has less than no room": (right) => {
    const { limit } = right;
    return { capacity: () => (right.limit < limit ? right.limit - 2 : right.capacity()) };
  },
  "keeps its first limit": (right) => {
    const { limit } = right;
    return {
      capacity: () => {
        right.limit = limit;
        return right.capacity();
      },
    };
  },
  "tells of no room": (right) =>
    listening(right, ({ onEvent }) => ({ onEvent, onCapacity: () => undefined })),
  "runs an attempt twice": (right) => {
    const ids = new Map<string, string>();
    return {
      submit: async (attempt) => {
        const count = ids.size;
        const attemptId = ids.has(attempt.attemptId) ? `${attempt.attemptId} ${count}` : attempt.attemptId;
        ids.set(attemptId, attempt.attemptId);
        return await right.submit({ ...attempt, attemptId });
      },
      ...listening(right, ({ onEvent, onCapacity }) => ({
        onEvent: (event) => onEvent({ ...event, attemptId: ids.get(event.attemptId) ?? event.attemptId }),
        onCapacity,
      })),
    };
  },
  "refuses an attempt that it has": (right) => {
    const ids = new Set<string>();
    return {
      submit: async (attempt) => {
        if (ids.has(attempt.attemptId)) return "full";
        ids.add(attempt.attemptId);
        return await right.submit(attempt);
      },
    };
  },
  "drops references": (right) => ({
    submit: async (attempt) => await right.submit({ ...attempt, results: [] }),
  }),
  "does not say where": (right) =>
    listening(right, ({ onEvent, onCapacity }) => ({
      onEvent: (event) => onEvent(event.kind === "started" ? { ...event, where: "" } : event),
      onCapacity,
    })),
  "says nothing of a start": (right) =>
    listening(right, ({ onEvent, onCapacity }) => ({
      onEvent: (event) => event.kind === "finished" && onEvent(event),
      onCapacity,
    })),
  "forgets what has ended": (right) =>
    listening(right, ({ onEvent, onCapacity }) => ({
      onEvent: (event) => {
        onEvent(event);
        if (event.kind === "finished") void right.settle([event.attemptId]);
      },
      onCapacity,
    })),
  "adopts without events": (right) => ({
    adopt: async (ids) => {
      const statuses = await right.adopt(ids);
      right.listen({ onEvent: () => undefined, onCapacity: () => undefined });
      return statuses;
    },
  }),
  "takes all for running": (right) => ({
    adopt: async (ids) => (await right.adopt(ids)).map((status) => ({ ...status, state: "running" })),
  }),
  "takes what has ended for lost": (right) => ({
    adopt: async (ids) =>
      (await right.adopt(ids)).map((status) =>
        status.state === "ended" ? { ...status, state: "unknown" } : status,
      ),
  }),
  "answers for the first": (right) => ({ adopt: async (ids) => await right.adopt(ids.slice(0, 1)) }),
  "settles nothing": () => ({ settle: async () => undefined }),
  "settles what runs": (right) => ({
    settle: async (ids) => {
      for (const id of ids) await right.cancel(id, { code: "settled", message: "" });
      await right.settle(ids);
    },
  }),
  "cancels nothing": () => ({ cancel: async () => undefined }),
  "cancels with an error of its own": (right) => ({
    cancel: async (id) => await right.cancel(id, { code: "cancelled", message: "" }),
  }),
  "ends what it cancels once more": (right) => {
    let heard: ExecutorListener | undefined;
    return {
      listen: (listener) => {
        heard = listener;
        right.listen(listener);
      },
      cancel: async (attemptId, error) => {
        await right.cancel(attemptId, error);
        heard?.onEvent({ kind: "finished", attemptId, outcome });
      },
    };
  },
  "takes more after it is closed": (right) => ({
    close: async () => await right.close(0).then(() => reopen(right)),
  }),
  "closes without waiting": (right) => ({ close: async () => await right.close(0) }),
  "leaves what runs when it is closed": () => ({ close: async () => undefined }),
};

function reopen(right: MemoryExecutor): void {
  right.limit += 1;
  right.isClosed = false;
}

/** Registers the contract and keeps its tests, to be run one by one. */
function contractOf(fault: Fault): (() => Promise<void>)[] {
  const tests: (() => Promise<void>)[] = [];
  const runner: TestRunner = {
    describe: (_name, body) => body(),
    test: (_name, body) => tests.push(body),
  };
  const open = async (limit: number) => openMemory(limit, fault);
  describeExecutor("faulty", { open, patienceMs: 250 }, runner);
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

describe("the contract of executors", () => {
  describeExecutor("memory", { open: async (limit) => openMemory(limit) }, { describe, test });

  test.each(Object.entries(FAULTS))("catches one that %s", async (_name, fault) => {
    expect(await isCaught(fault)).toBe(true);
  });
});
