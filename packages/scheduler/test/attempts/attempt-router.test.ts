// An executor that is full, repeats itself, or is away for a while costs no attempt.

import {
  silentLogger,
  type Attempt,
  type AttemptStatus,
  type ClaimedRun,
  type Clock,
  type Executor,
  type ExecutorEvent,
  type ExecutorListener,
  type StoredError,
} from "@memodag/core";
import { expect, test } from "vitest";
import { AttemptRouter } from "../../src/attempts/attempt-router.ts";

const RUN = { team: "t", dagId: "d", runId: "r" };
const ERROR: StoredError = { code: "task_cancelled", message: "not wanted" };
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** A router over an executor that answers as the test says, and timers that it fires. */
function room(own: Partial<Executor> = {}) {
  const timers: (() => void)[] = [];
  const calls: string[] = [];
  const heard: string[] = [];
  const state = { slots: 1, maySubmit: true, statuses: [] as AttemptStatus[] };
  let listener: ExecutorListener = { onEvent: () => undefined, onCapacity: () => undefined };
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after: (_ms, callback) => {
      timers.push(callback);
      return () => {
        if (timers.includes(callback)) timers.splice(timers.indexOf(callback), 1);
      };
    },
  };
  const executor: Executor = {
    outlives: false,
    capacity: () => state.slots,
    submit: async ({ attemptId }) => {
      calls.push(`submit ${attemptId}`);
      if (state.slots <= 0) return "full";
      state.slots -= 1;
      return "accepted";
    },
    adopt: async (ids) => {
      calls.push(`adopt ${ids.join(" ")}`);
      return state.statuses;
    },
    settle: async (ids) => void calls.push(`settle ${ids.join(" ")}`),
    cancel: async (id, { message }) => void calls.push(`cancel ${id}: ${message}`),
    listen: (given) => (listener = given),
    close: async () => undefined,
    ...own,
  };
  const router = new AttemptRouter({
    executor,
    clock,
    log: silentLogger,
    onSlotFree: () => undefined,
    maySubmit: () => state.maySubmit,
  });
  const listen = (event: ExecutorEvent): void => {
    heard.push(
      event.kind === "started" ? `${event.attemptId} started` : `${event.attemptId} ${endOf(event)}`,
    );
  };
  const submit = (attemptId: string): void => {
    router.reserveSlot("default");
    router.submit(attemptOf(attemptId), listen);
  };
  const started = (attemptId: string): void =>
    listener.onEvent({ kind: "started", attemptId, pid: 1, where: "host/1" });
  const finished = (attemptId: string): void =>
    listener.onEvent({
      kind: "finished",
      attemptId,
      outcome: { kind: "skipped", reason: "done", durationMs: 1 },
    });
  const fire = async (): Promise<void> => {
    for (const timer of timers.splice(0)) timer();
    await turn();
  };
  const tellCapacity = (): void => listener.onCapacity();
  return { router, state, calls, heard, submit, started, finished, fire, tellCapacity, listen };
}

function endOf(event: Extract<ExecutorEvent, { kind: "finished" }>): string {
  return event.outcome.kind === "failed" ? event.outcome.error.code : event.outcome.kind;
}

function attemptOf(attemptId: string): Attempt {
  const instance = { taskId: attemptId, mapIndex: -1, tryNumber: 1 };
  return { ...RUN, ...instance, attemptId, queue: "default" } as Attempt;
}

function claimed(...rows: readonly { attemptId: string; state: string }[]): ClaimedRun {
  const instances = rows.map((row) => ({ ...row, taskId: row.attemptId, mapIndex: -1 }));
  return { run: RUN, instances } as unknown as ClaimedRun;
}

test("what there is no room for is submitted again when there is, before others", async () => {
  const { router, state, calls, heard, submit, finished, tellCapacity } = room();
  submit("a");
  state.slots = 0;
  submit("b");
  await turn();
  expect(calls).toEqual(["submit a", "submit b"]);
  expect(router.isLive("b")).toBe(true);
  state.slots = 1;
  // The free slot is the one that "b" waits for.
  expect(router.hasSlot("default")).toBe(false);
  tellCapacity();
  await turn();
  expect(calls).toEqual(["submit a", "submit b", "submit b"]);
  finished("b");
  expect(heard).toEqual(["b skipped"]);
});

test("what there is no room for ends when it is cancelled, and when the scheduler stops", async () => {
  const { router, state, calls, heard, submit } = room();
  state.slots = 0;
  submit("a");
  submit("b");
  await turn();
  router.cancel("a", ERROR);
  expect(heard).toEqual(["a task_cancelled"]);
  router.close();
  expect(heard).toEqual(["a task_cancelled", "b attempt_lost"]);
  expect(calls).toEqual(["submit a", "submit b"]);
});

test("nothing is submitted again while leases are in doubt", async () => {
  const { state, calls, submit, tellCapacity } = room();
  state.slots = 0;
  submit("a");
  await turn();
  state.slots = 1;
  state.maySubmit = false;
  tellCapacity();
  await turn();
  expect(calls).toEqual(["submit a"]);
  state.maySubmit = true;
  tellCapacity();
  await turn();
  expect(calls).toEqual(["submit a", "submit a"]);
});

test.each([
  ["rejects", () => Promise.reject(new Error("connection refused"))],
  ["hangs", () => new Promise<never>(() => undefined)],
])("an executor that %s is asked again, and nothing fails", async (_name, fault) => {
  const submitted: string[] = [];
  const { heard, submit, started, finished, fire } = room({
    submit: async ({ attemptId }) => {
      submitted.push(attemptId);
      return submitted.length === 1 ? await fault() : "accepted";
    },
  });
  submit("a");
  await turn();
  // The answer is late, and then the rest is over.
  for (let round = 0; submitted.length < 2 && round < 5; round += 1) await fire();
  expect(submitted).toEqual(["a", "a"]);
  expect(heard).toEqual([]);
  started("a");
  finished("a");
  expect(heard).toEqual(["a started", "a skipped"]);
});

test.each([
  ["unknown", ["adopt a"], ["a task_cancelled"]],
  ["running", ["adopt a", "cancel a: not wanted"], []],
] as const)(
  "a cancelled attempt whose submission is in doubt is asked about: %s",
  async (state, asked, ends) => {
    const {
      router,
      state: known,
      calls,
      heard,
      submit,
      fire,
    } = room({
      submit: () => Promise.reject(new Error("connection reset")),
    });
    submit("a");
    await turn();
    router.cancel("a", ERROR);
    known.statuses = [{ attemptId: "a", state }];
    await fire();
    expect(calls).toEqual(asked);
    expect(heard).toEqual(ends);
  },
);

test("a request to end an attempt is repeated until the executor has it", async () => {
  const asked: string[] = [];
  const { router, submit, finished, fire } = room({
    cancel: async (id) => {
      asked.push(id);
      throw new Error("connection reset");
    },
  });
  submit("a");
  await turn();
  router.cancel("a", ERROR);
  await turn();
  await fire();
  expect(asked).toEqual(["a", "a"]);
  finished("a");
  await fire();
  expect(asked).toEqual(["a", "a"]);
});

test("events that are repeated are heard once, and late ones never", async () => {
  const { heard, submit, started, finished } = room();
  submit("a");
  await turn();
  for (const _ of [1, 2]) started("a");
  for (const _ of [1, 2]) finished("a");
  started("a");
  finished("never");
  expect(heard).toEqual(["a started", "a skipped"]);
});

test("events are heard once as well when they come without a listener and are handed back", async () => {
  const { router, heard, submit, started, finished, listen } = room();
  submit("a");
  await turn();
  router.forget(["a"]);
  started("a");
  started("a");
  router.listen("a", listen);
  finished("a");
  router.handBack(RUN, [
    { kind: "started", attemptId: "a", pid: 1, where: "host/1" },
    { kind: "finished", attemptId: "a", outcome: { kind: "skipped", reason: "done", durationMs: 1 } },
  ]);
  finished("a");
  router.listen("a", listen);
  expect(heard).toEqual(["a started", "a skipped", "a started", "a skipped"]);
});

test("what an earlier holder submitted is adopted: it is live, its start is not told again", async () => {
  const { router, state, calls, heard, started, finished, listen } = room();
  state.statuses = [
    { attemptId: "queued", state: "running" },
    { attemptId: "running", state: "running" },
    { attemptId: "ended", state: "ended" },
    { attemptId: "lost", state: "unknown" },
  ];
  const rows = ["queued", "running", "ended", "lost"].map((attemptId) => ({
    attemptId,
    state: attemptId === "queued" ? "queued" : "running",
  }));
  await router.adopt(claimed(...rows, { attemptId: "over", state: "success" }));
  expect(calls).toEqual(["adopt queued running ended lost"]);
  expect(["queued", "running", "ended", "lost"].map((id) => router.isLive(id))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(router.isRunning({ ...RUN, taskId: "running", mapIndex: -1 })).toBe(true);
  expect(router.isRunning({ ...RUN, taskId: "ended", mapIndex: -1 })).toBe(false);
  for (const id of ["queued", "running", "ended"]) started(id);
  finished("ended");
  for (const id of ["queued", "running", "ended"]) router.listen(id, listen);
  expect(heard).toEqual(["queued started", "ended skipped"]);
});

test("an attempt that its executor has lost is live no more", async () => {
  const { router, state, submit } = room();
  submit("a");
  await turn();
  router.forget(["a"]);
  state.statuses = [{ attemptId: "a", state: "unknown" }];
  await router.adopt(claimed({ attemptId: "a", state: "running" }));
  expect(router.isLive("a")).toBe(false);
  expect(router.hasRunning(RUN)).toBe(false);
});

test("an attempt on its way to the executor is not asked about", async () => {
  const { router, state, calls, submit } = room();
  state.slots = 0;
  submit("a");
  await turn();
  await router.adopt(claimed({ attemptId: "a", state: "queued" }));
  expect(calls).toEqual(["submit a"]);
  expect(router.isLive("a")).toBe(true);
});

test.each([
  [true, ["submit a", "submit b"]],
  [false, ["submit a", "submit b", "settle a", "cancel b: not wanted", "settle b"]],
])(
  "with the lease of a run go its attempts, unless they outlive this process: %s",
  async (outlives, expected) => {
    const { router, state, calls, heard, submit, finished } = room({ outlives });
    state.slots = 2;
    submit("a");
    submit("b");
    await turn();
    finished("a");
    router.lose(RUN);
    router.cancel("b", ERROR);
    finished("b");
    await turn();
    expect(calls).toEqual(expected);
    expect(heard).toEqual(["a skipped"]);
    expect(router.hasRunning(RUN)).toBe(false);
  },
);
