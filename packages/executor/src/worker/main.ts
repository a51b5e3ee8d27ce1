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
import { ExecutorLink } from "./executor-link.ts";
import { failureOf, runAttempt, type AttemptSupport } from "./run-attempt.ts";
import { shareSdk } from "./share-sdk.ts";
import { prepare, takeOver } from "./start-ahead.ts";
import { WorkerValueCaches } from "./value-caches.ts";
import { guardOutput } from "./worker-log.ts";

/** Milliseconds after which the worker listens to its executor: a small task has ended by then. */
const LISTEN_AFTER_MS = 10;

// Handlers may replace members of `process`, so the worker keeps its own.
const exit: (code: number) => never = process.exit.bind(process);
const kill = process.kill.bind(process);

const link = new ExecutorLink();
const stop = new AbortController();
let hasReported = false;

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
if (first.kind === "run" && first.takeOver) {
  takeOver(first.takeOver);
  link.send(toExecutorFrame({ kind: "begun" }), () => undefined);
}
take(first);
setTimeout(listen, LISTEN_AFTER_MS);

/** Waits for a message. Ends this process if the executor has ended. */
function receive(): ToWorker {
  const frame = link.receiveFirst();
  return frame ? fromExecutorFrame(frame) : exit(1);
}

function listen(): void {
  link.listen({
    onFrame: (frame) => take(fromExecutorFrame(frame)),
    onBroken: endWithGroup,
    // The executor hangs up when it has the outcome.
    onClose: () => (hasReported ? exit(0) : endWithGroup()),
  });
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
      void run(message).then(report);
      return;
    case "abort":
      stop.abort(new Error(message.error.message));
      return;
    case "answer":
      link.takeAnswer(message.id, message.answer);
  }
}

async function run(order: RunOrder): Promise<AttemptOutcome> {
  const valueCaches = new WorkerValueCaches(ask);
  const support = { signal: stop.signal, ask, valueCaches };
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

/**
 * Reports the first outcome, and exits once it has been written. If an answer may still arrive, the executor ends
 * the call: writing to a process that is gone breaks the channel, and what was not read from it yet is lost.
 */
function report(outcome: AttemptOutcome): void {
  if (hasReported) return;
  hasReported = true;
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
    if (!link.isAsking) exit(0);
  });
}

/** The executor has ended, and may have given up this attempt: nothing may continue. */
function endWithGroup(): void {
  kill(-process.pid, "SIGKILL");
}
