// The entry point of a worker process: receives one attempt from its executor, runs it, reports, and
// exits.
//
// It ends with its whole process group if the executor ends. Never opens a database.

import { MemodagError, messageOf, type AttemptOutcome, type ErrorCode } from "@memodag/core";
import {
  fromExecutorFrame,
  toExecutorFrame,
  type FoundAnswer,
  type Question,
  type RunOrder,
  type ToWorker,
} from "../protocol.ts";
import { isWatched, TRACE_VARIABLE, traceOf } from "../worker-environment.ts";
import { ExecutorLink } from "./executor-link.ts";
import { failureOf, runAttempt, type AttemptSupport } from "./run-attempt.ts";
import { LeftOver } from "./left-over.ts";
import { shareSdk } from "./share-sdk.ts";
import { prepare, takeOver } from "./start-ahead.ts";
import { WorkerValueCaches } from "./value-caches.ts";
import { guardOutput } from "./worker-log.ts";

/** Milliseconds after which the worker listens to its executor: a small task has ended by then. */
const LISTEN_AFTER_MS = 10;

/** Turns of the event loop after which something that is still there is taken to stay. */
const TURNS = 4;

// Handlers may replace members of `process`, so the worker keeps its own.
const exit: (code: number) => never = process.exit.bind(process);
const kill = process.kill.bind(process);
const nextTurn = setImmediate;

const link = new ExecutorLink();
let stop = new AbortController();
/** `sent`: the executor's system has all of the outcome, which is received whatever happens to this process. */
let phase: "runs" | "reported" | "sent" | "leaves" = "runs";
/** True if the process may get another attempt after this one. */
let mayRest = false;
/** Set for a process that runs many attempts. */
let leftOver: LeftOver | undefined;
let listenTimer: NodeJS.Timeout | undefined;

process.on("uncaughtException", (error) => report(failureOf(error)));
process.on("unhandledRejection", (reason) => report(failureOf(reason)));
shareSdk();
guardOutput();

let first = receive();
if (first.kind === "prepare") {
  await prepare({ signal: stop.signal, ask, valueCaches: new WorkerValueCaches(ask) });
  link.send(toExecutorFrame({ kind: "ready" }), () => undefined);
  first = receive();
}
take(first);

/** Waits for a message. Ends this process if the executor has ended. */
function receive(): ToWorker {
  const frame = link.receive();
  return frame ? fromExecutorFrame(frame) : exit(1);
}

function listen(): void {
  if (link.isListening) return;
  if (leftOver) leftOver.exempt(openChannel);
  else openChannel();
}

function openChannel(): void {
  link.listen({
    onFrame: (frame) => take(fromExecutorFrame(frame)),
    onBroken: endWithGroup,
    // The executor hangs up when it has the outcome.
    onClose: () => (phase === "sent" || phase === "leaves" ? exit(0) : endWithGroup()),
  });
}

/** Begins an attempt. */
function begin(order: RunOrder): void {
  if (order.takeOver) {
    takeOver(order.takeOver);
    link.send(toExecutorFrame({ kind: "begun" }), () => undefined);
  }
  if (order.isReused) {
    stop = new AbortController();
    phase = "runs";
    mayRest = true;
    leftOver ??= new LeftOver();
  }
  const trace = traceOf(order.attempt);
  // That of a tracked task is in its view of the environment alone.
  if (trace !== undefined && !isWatched(order.attempt)) process.env[TRACE_VARIABLE] = trace;
  if (!link.isListening) listenTimer = setTimeout(listen, LISTEN_AFTER_MS);
  void run(order).then(report);
}

/** Waits for the next attempt, if nothing is left of this one. */
async function rest(left: LeftOver): Promise<void> {
  // Microtasks have their turn, and so does everything that is being closed.
  for (let turn = 0; turn < TURNS; turn += 1) {
    await new Promise((resolve) => void nextTurn(resolve));
    if (left.isNone()) {
      link.send(toExecutorFrame({ kind: "idle" }), () => undefined);
      if (link.isListening) return;
      let next = receive();
      // A request to stop the last attempt may come before the next one.
      while (next.kind !== "run") next = receive();
      take(next);
      return;
    }
  }
  exit(0);
}

async function ask(question: Question): Promise<FoundAnswer> {
  listen();
  const answer = await link.ask(question);
  if (answer.kind === "found") return answer;
  throw new MemodagError(answer.error.code as ErrorCode, answer.error.message);
}

function take(message: ToWorker): void {
  switch (message.kind) {
    case "prepare":
      return;
    case "run":
      begin(message);
      return;
    case "abort":
      stop.abort(new Error(message.error.message));
      return;
    case "answer":
      link.takeAnswer(message.id, message.answer);
      leave();
  }
}

async function run(order: RunOrder): Promise<AttemptOutcome> {
  const valueCaches = new WorkerValueCaches(ask);
  const support = { signal: stop.signal, ask, valueCaches, ...(leftOver && { leftOver }) };
  try {
    return await runIn(order, support);
  } finally {
    valueCaches.sendCounts();
  }
}

/** Modules for commands and callbacks are loaded only if needed. */
async function runIn(order: RunOrder, support: AttemptSupport): Promise<AttemptOutcome> {
  const { callback, command } = order.attempt;
  if (callback) {
    const { runCallback } = await import("./run-callback.ts");
    return await runCallback(order, callback, support);
  }
  if (!command) return await runAttempt(order, support);
  const { runCommand } = await import("./run-command.ts");
  return await runCommand(order, command, support);
}

/** Reports the first outcome, and leaves when it has been written. */
function report(outcome: AttemptOutcome): void {
  // Something that was left by an attempt of this process: another one must not suffer from it.
  if (phase !== "runs" && leftOver) exit(1);
  if (phase !== "runs") return;
  phase = "reported";
  clearTimeout(listenTimer);
  try {
    send(outcome);
  } catch (error) {
    send(
      failureOf(new MemodagError("value_too_large", `The task's values cannot be sent: ${messageOf(error)}`)),
    );
  }
}

function send(outcome: AttemptOutcome): void {
  link.send(toExecutorFrame({ kind: "outcome", outcome }), () => {
    phase = "sent";
    // Reads that were noticed belong to the cached attempt alone.
    mayRest &&= outcome.kind === "succeeded" && outcome.uncacheable === null;
    leave();
  });
}

/**
 * Exits, or waits for the next attempt, when no answer may arrive any more: writing to a process that is gone breaks
 * the executor's end of the channel, and what it has not read yet is lost.
 */
function leave(): void {
  if (phase !== "sent" || link.isAsking) return;
  phase = "leaves";
  if (leftOver && mayRest) void rest(leftOver);
  else exit(0);
}

/** The executor has ended, and may have given up this attempt: nothing may continue. */
function endWithGroup(): void {
  kill(-process.pid, "SIGKILL");
}
