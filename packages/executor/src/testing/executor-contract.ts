// The contract of executors, as tests that one of any origin can run.

import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import {
  RETURN_VALUE,
  type Attempt,
  type AttemptOutcome,
  type ExecutorEvent,
  type ExecutorListener,
} from "@memodag/core";
import type { ExecutorHarness, OpenExecutor, TestRunner } from "./executor-harness.ts";

const QUEUE = "default";
const PATIENCE_MS = 30_000;
const STOPPED = { code: "task_cancelled", message: "the test ended it" };

type Check = (name: string, limit: number, body: (room: Room) => Promise<void>) => void;

/**
 * Registers the contract of {@link Executor} as tests.
 *
 * @param name of the executor, for the report
 * @example describeExecutor("local", { open: openLocal }, { describe, test });
 */
export function describeExecutor(name: string, harness: ExecutorHarness, runner: TestRunner): void {
  const check: Check = (what, limit, body) => {
    runner.test(what, async () => {
      const opened = await harness.open(limit);
      try {
        await body(new Room(opened, harness.patienceMs ?? PATIENCE_MS));
      } finally {
        await opened.close();
      }
    });
  };
  runner.describe(`${name} as an executor`, () => {
    runner.describe("an attempt", () => describeAttempts(check));
    runner.describe("capacity", () => describeCapacity(check));
    runner.describe("adoption", () => describeAdoption(check));
    runner.describe("cancelling and closing", () => describeEnds(check));
  });
}

function describeAttempts(check: Check): void {
  check("is JSON, and runs as it comes out of JSON", 1, async (room) => {
    const attempt = room.attempt({ value: { rows: [1, null, "é"] } });
    const copy = JSON.parse(JSON.stringify(attempt)) as Attempt;
    deepEqual(copy, attempt);
    equal(await room.executor.submit(copy), "accepted");
    const outcome = await room.end(attempt);
    deepEqual(returned(outcome), { rows: [1, null, "é"] });
    deepEqual(room.kindsOf(attempt), ["started", "finished"]);
    const started = room.eventsOf(attempt)[0];
    ok(started?.kind === "started" && started.where !== "" && (started.pid ?? 1) > 0, "where it runs");
  });

  check("that is submitted again runs once, also when it has ended", 3, async (room) => {
    const attempt = room.attempt({ value: 1, waits: true });
    deepEqual(await Promise.all([room.executor.submit(attempt), room.executor.submit(attempt)]), [
      "accepted",
      "accepted",
    ]);
    await room.started(attempt);
    equal(room.executor.capacity(QUEUE), 2);
    room.release(attempt);
    await room.end(attempt);
    equal(await room.executor.submit(attempt), "accepted");
    await room.runOne();
    deepEqual(room.kindsOf(attempt), ["started", "finished"]);
  });
}

function describeCapacity(check: Check): void {
  check("is counted at once, and told when there is more", 2, async (room) => {
    equal(room.executor.capacity(QUEUE), 2);
    const attempt = room.attempt({ value: 1, waits: true });
    const accepted = room.executor.submit(attempt);
    equal(room.executor.capacity(QUEUE), 1);
    equal(await accepted, "accepted");
    await room.started(attempt);
    const told = room.capacityCalls;
    room.release(attempt);
    await room.end(attempt);
    await room.until("the capacity is told", () => room.capacityCalls > told);
    equal(room.executor.capacity(QUEUE), 2);
  });

  check("that is used up is no error: nothing happens to the attempt, which runs later", 1, async (room) => {
    const first = room.attempt({ value: 1, waits: true });
    const second = room.attempt({ value: 2 });
    equal(await room.executor.submit(first), "accepted");
    equal(await room.executor.submit(second), "full");
    equal(await room.stateOf(second), "unknown");
    room.release(first);
    equal(returned(await room.end(first)), 1);
    await room.runOne();
    deepEqual(room.kindsOf(second), []);
    equal(await room.executor.submit(second), "accepted");
    equal(returned(await room.end(second)), 2);
  });

  check("holds for attempts that are submitted together", 2, async (room) => {
    const attempts = Array.from({ length: 5 }, () => room.attempt({ value: 1, waits: true }));
    const answers = await Promise.all(attempts.map((attempt) => room.executor.submit(attempt)));
    deepEqual(answers.toSorted(), ["accepted", "accepted", "full", "full", "full"]);
    const accepted = attempts.filter((_, index) => answers[index] === "accepted");
    for (const attempt of accepted) room.release(attempt);
    for (const attempt of accepted) await room.end(attempt);
  });

  check("can be raised while attempts run", 1, async (room) => {
    const first = room.attempt({ value: 1, waits: true });
    const second = room.attempt({ value: 2 });
    await room.executor.submit(first);
    equal(await room.executor.submit(second), "full");
    const told = room.capacityCalls;
    room.setLimit(2);
    await room.until("the capacity is told", () => room.capacityCalls > told);
    equal(room.executor.capacity(QUEUE), 1);
    equal(await room.executor.submit(second), "accepted");
    equal(returned(await room.end(second)), 2);
    room.release(first);
    await room.end(first);
  });

  check("can be lowered while attempts run, which go on", 3, async (room) => {
    const running = [1, 2].map((value) => room.attempt({ value, waits: true }));
    for (const attempt of running) equal(await room.executor.submit(attempt), "accepted");
    room.setLimit(1);
    equal(room.executor.capacity(QUEUE), 0);
    equal(await room.executor.submit(room.attempt({ value: 3 })), "full");
    for (const attempt of running) room.release(attempt);
    const values = await Promise.all(running.map(async (attempt) => returned(await room.end(attempt))));
    deepEqual(values, [1, 2]);
    await room.until("one slot is free", () => room.executor.capacity(QUEUE) === 1);
  });
}

function describeAdoption(check: Check): void {
  check("of what is not known says so", 1, async (room) => {
    deepEqual(await room.executor.adopt([]), []);
    const attempt = room.attempt({ value: 1 });
    equal(await room.stateOf(attempt), "unknown");
    await room.executor.settle([attempt.attemptId]);
    await room.runOne();
    deepEqual(room.kindsOf(attempt), []);
  });

  check("of what runs brings its events to who listens now", 1, async (room) => {
    const attempt = room.attempt({ value: 7, waits: true });
    await room.executor.submit(attempt);
    await room.started(attempt);
    room.listenAnew();
    equal(await room.stateOf(attempt), "running");
    await room.started(attempt);
    room.release(attempt);
    equal(returned(await room.end(attempt)), 7);
    deepEqual(room.kindsOf(attempt), ["started", "finished"]);
  });

  check("of what has ended brings its end, as often as it is asked for", 2, async (room) => {
    const attempt = room.attempt({ value: 7 });
    await room.executor.submit(attempt);
    const outcome = await room.end(attempt);
    for (const _ of [1, 2]) {
      room.listenAnew();
      equal(await room.stateOf(attempt), "ended");
      deepEqual(await room.end(attempt), outcome);
      deepEqual(room.kindsOf(attempt), ["started", "finished"]);
    }
  });

  check("answers for each attempt", 3, async (room) => {
    const running = room.attempt({ value: 1, waits: true });
    const ended = room.attempt({ value: 2 });
    const unknown = room.attempt({ value: 3 });
    for (const attempt of [running, ended]) await room.executor.submit(attempt);
    await room.end(ended);
    await room.started(running);
    const ids = [running, ended, unknown].map(({ attemptId }) => attemptId);
    const statuses = new Map(
      (await room.executor.adopt(ids)).map(({ attemptId, state }) => [attemptId, state]),
    );
    deepEqual(
      ids.map((id) => statuses.get(id)),
      ["running", "ended", "unknown"],
    );
    room.release(running);
    await room.end(running);
  });

  check("of what was settled says that it is not known", 2, async (room) => {
    const attempt = room.attempt({ value: 1 });
    await room.executor.submit(attempt);
    await room.end(attempt);
    await room.executor.settle([attempt.attemptId]);
    room.listenAnew();
    equal(await room.stateOf(attempt), "unknown");
    await room.runOne();
    deepEqual(room.kindsOf(attempt), []);
  });

  check("of what was settled too early goes on", 1, async (room) => {
    const attempt = room.attempt({ value: 1, waits: true });
    await room.executor.submit(attempt);
    await room.started(attempt);
    await room.executor.settle([attempt.attemptId]);
    equal(await room.stateOf(attempt), "running");
    room.release(attempt);
    equal(returned(await room.end(attempt)), 1);
    equal(await room.stateOf(attempt), "ended");
  });
}

function describeEnds(check: Check): void {
  check("ends an attempt with the error that is given, once", 2, async (room) => {
    const attempt = room.attempt({ value: 1, waits: true });
    await room.executor.submit(attempt);
    await room.started(attempt);
    await Promise.all([
      room.executor.cancel(attempt.attemptId, STOPPED),
      room.executor.cancel(attempt.attemptId, { ...STOPPED, message: "a second time" }),
    ]);
    const outcome = await room.end(attempt);
    deepEqual(outcome.kind === "failed" && outcome.error, STOPPED);
    await room.runOne();
    deepEqual(room.kindsOf(attempt), ["started", "finished"]);
  });

  check("leaves an attempt that returns meanwhile with one end", 2, async (room) => {
    const attempt = room.attempt({ value: 1, waits: true });
    await room.executor.submit(attempt);
    await room.started(attempt);
    const cancelled = room.executor.cancel(attempt.attemptId, STOPPED);
    room.release(attempt);
    await cancelled;
    const outcome = await room.end(attempt);
    await room.runOne();
    equal(await room.stateOf(attempt), "ended");
    await room.until("its end is repeated", () => room.endsOf(attempt).length > 1);
    for (const end of room.endsOf(attempt)) deepEqual(end, outcome);
  });

  check("changes nothing of what has ended, or is not known", 2, async (room) => {
    const attempt = room.attempt({ value: 1 });
    await room.executor.cancel(attempt.attemptId, STOPPED);
    equal(await room.executor.submit(attempt), "accepted");
    const outcome = await room.end(attempt);
    equal(returned(outcome), 1);
    await room.executor.cancel(attempt.attemptId, STOPPED);
    await room.runOne();
    deepEqual(room.endsOf(attempt), [outcome]);
  });

  check("takes nothing more when it is closed", 2, async (room) => {
    await room.executor.close(0);
    equal(room.executor.capacity(QUEUE), 0);
    const attempt = room.attempt({ value: 1 });
    equal(await room.executor.submit(attempt), "full");
    deepEqual(room.kindsOf(attempt), []);
  });

  check("lets attempts end when it is closed", 2, async (room) => {
    const attempt = room.attempt({ value: 1, waits: true });
    await room.executor.submit(attempt);
    await room.started(attempt);
    const closed = room.executor.close(PATIENCE_MS);
    room.release(attempt);
    // The next one hears of it.
    if (room.executor.outlives) return await closed;
    equal(returned(await room.end(attempt)), 1);
    await closed;
  });

  check("ends what is left when it is closed, unless that outlives it", 2, async (room) => {
    const attempt = room.attempt({ value: 1, waits: true });
    await room.executor.submit(attempt);
    await room.started(attempt);
    await room.executor.close(0);
    if (room.executor.outlives) {
      deepEqual(room.endsOf(attempt), []);
      return;
    }
    const outcome = await room.end(attempt);
    notEqual(outcome.kind, "succeeded");
    deepEqual(outcome.kind === "failed" && outcome.error.code, "attempt_lost");
  });
}

/** An executor and what it says. */
class Room {
  readonly executor: OpenExecutor["executor"];
  readonly #opened: OpenExecutor;
  readonly #patienceMs: number;
  #events: ExecutorEvent[] = [];
  /** Of all that waits at the moment: a test may await several attempts at once. */
  readonly #wakes = new Set<() => void>();
  capacityCalls = 0;

  constructor(opened: OpenExecutor, patienceMs: number) {
    this.#opened = opened;
    this.#patienceMs = patienceMs;
    this.executor = opened.executor;
    this.listenAnew();
  }

  /** Another one listens, who has heard nothing. */
  listenAnew(): void {
    const events: ExecutorEvent[] = [];
    const listener: ExecutorListener = {
      onEvent: (event) => {
        events.push(event);
        this.#wakeAll();
      },
      onCapacity: () => {
        this.capacityCalls += 1;
        this.#wakeAll();
      },
    };
    this.#events = events;
    this.executor.listen(listener);
  }

  attempt({ value, waits = false }: { value: unknown; waits?: boolean }): Attempt {
    return this.#opened.attempt({ value: value as never, waits });
  }

  release({ attemptId }: Attempt): void {
    this.#opened.release(attemptId);
  }

  setLimit(limit: number): void {
    this.#opened.setLimit(limit);
  }

  async stateOf({ attemptId }: Attempt): Promise<string | undefined> {
    const statuses = await this.executor.adopt([attemptId]);
    equal(statuses.length, 1, "an answer for each attempt");
    return statuses[0]?.attemptId === attemptId ? statuses[0].state : undefined;
  }

  eventsOf({ attemptId }: Attempt): ExecutorEvent[] {
    return this.#events.filter((event) => event.attemptId === attemptId);
  }

  kindsOf(attempt: Attempt): string[] {
    return this.eventsOf(attempt).map(({ kind }) => kind);
  }

  endsOf(attempt: Attempt): AttemptOutcome[] {
    return this.eventsOf(attempt).flatMap((event) => (event.kind === "finished" ? [event.outcome] : []));
  }

  async started(attempt: Attempt): Promise<void> {
    await this.until("it has started", () => this.kindsOf(attempt).includes("started"));
  }

  async end(attempt: Attempt): Promise<AttemptOutcome> {
    await this.until("it has ended", () => this.endsOf(attempt).length > 0);
    const [outcome] = this.endsOf(attempt);
    if (!outcome) throw new Error("no end");
    return outcome;
  }

  /** Runs another attempt to its end: what was under way before has been told by then. */
  async runOne(): Promise<void> {
    const attempt = this.attempt({ value: "other" });
    equal(await this.executor.submit(attempt), "accepted");
    await this.end(attempt);
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(true), this.#patienceMs);
    });
    try {
      while (!holds()) {
        const woken = new Promise<boolean>((resolve) => {
          this.#wakes.add(() => resolve(false));
        });
        if (await Promise.race([woken, late])) ok(holds(), `until ${what}`);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #wakeAll(): void {
    const wakes = [...this.#wakes];
    this.#wakes.clear();
    for (const wake of wakes) wake();
  }
}

function returned(outcome: AttemptOutcome): unknown {
  if (outcome.kind !== "succeeded") throw new Error(`the attempt ${JSON.stringify(outcome)}`);
  const value = outcome.xcoms.find(({ key }) => key === RETURN_VALUE);
  return JSON.parse(new TextDecoder().decode(value?.bytes)) as unknown;
}
