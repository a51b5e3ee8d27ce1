// Retries, callbacks and exit codes: how they are declared, and what is refused.

import type { SerializedTask } from "@memodag/core";
import {
  Dag,
  FailTask,
  SkipTask,
  type CallbackContext,
  type CommandOptions,
  type TaskDefaults,
  type TaskOptions,
} from "@memodag/sdk";
import { findTaskEnd, listTaskIds, serializeDag } from "@memodag/sdk/runtime";
import { describe, expect, expectTypeOf, it } from "vitest";
import { faultOf } from "./fault-of.ts";

const told = (): undefined => undefined;

function taskOf(dag: Dag): SerializedTask | undefined {
  const sourceHashes = new Map(listTaskIds(dag).map((taskId) => [taskId, ""]));
  return serializeDag(dag, { artifactDigest: "", sourceHashes }).tasks[0];
}

function declared(options: TaskOptions, defaultArgs: TaskDefaults = {}): SerializedTask | undefined {
  const dag = new Dag("d", { defaultArgs });
  dag.task("it", () => 1, options)();
  return taskOf(dag);
}

describe("a task's retries and callbacks", () => {
  it("are stored where they were asked for, and leave no trace where they were not", () => {
    const plain = declared({ retries: 2, retryExponentialBackoff: false });
    for (const name of ["retryBackoffFactor", "maxRetryDelayMs", "callbacks"])
      expect(plain).not.toHaveProperty(name);
    expect(declared({ retryExponentialBackoff: 0 })).not.toHaveProperty("retryBackoffFactor");
    expect(declared({ retryExponentialBackoff: true, maxRetryDelay: "10m" })).toMatchObject({
      retryBackoffFactor: 2,
      maxRetryDelayMs: 600_000,
    });
    expect(declared({ retryExponentialBackoff: 1.5 })).toMatchObject({ retryBackoffFactor: 1.5 });
    expect(declared({ onSuccess: told }, { onFailure: told, onRetry: told })).toMatchObject({
      callbacks: ["failure", "retry", "success"],
    });
  });

  it.each<[unknown, string]>([
    [{ retryExponentialBackoff: 0.5 }, "retryExponentialBackoff is 0.5: use true, or a growth factor"],
    [{ retryExponentialBackoff: "twice" }, 'retryExponentialBackoff is "twice": use true'],
    [{ retryExponentialBackoff: 1_000 }, "from 1 to 100"],
    [{ maxRetryDelay: 0 }, "maxRetryDelay is 0: use more than zero seconds"],
    [{ onFailure: "mail" }, 'onFailure is "mail": use a function that takes a context'],
  ])("are refused: %j", (options, message) => {
    expect(faultOf(() => declared(options as TaskOptions))).toContain(message);
    expect(faultOf(() => declared({}, options as TaskDefaults))).toContain("defaultArgs.");
  });

  it("have types", () => {
    expectTypeOf<CallbackContext["event"]>().toEqualTypeOf<"failure" | "retry" | "success">();
    expectTypeOf<CallbackContext["taskInstance"]["tryNumber"]>().toEqualTypeOf<number>();
    expectTypeOf<CallbackContext["error"]>().toExtend<{ readonly message: string } | null>();
  });
});

describe("a command's exit codes", () => {
  const command = (options: Partial<CommandOptions>): SerializedTask | undefined => {
    const dag = new Dag("d");
    dag.command("it", { command: ["true"], ...options })();
    return taskOf(dag);
  };

  it("are stored sorted, and leave no trace where there are none", () => {
    expect(command({ skipOnExitCode: 99, failOnExitCode: [64, 2, 64] })?.command).toMatchObject({
      skipOnExitCodes: [99],
      failOnExitCodes: [2, 64],
    });
    for (const name of ["skipOnExitCodes", "failOnExitCodes"])
      expect(command({ skipOnExitCode: [] })?.command).not.toHaveProperty(name);
  });

  it.each<[unknown, string]>([
    [{ skipOnExitCode: 0 }, "skipOnExitCode is 0: use an exit code from 1 to 255"],
    [{ failOnExitCode: [1, 256] }, "failOnExitCode is a list: use an exit code from 1 to 255"],
    [{ failOnExitCode: "1" }, 'failOnExitCode is "1": use an exit code'],
    [{ skipOnExitCode: 3, failOnExitCode: 3 }, "failOnExitCode contains 3, and so does skipOnExitCode"],
  ])("are refused: %j", (options, message) => {
    expect(faultOf(() => command(options as Partial<CommandOptions>))).toContain(message);
  });
});

it("FailTask and SkipTask are known for what they are, and are errors", () => {
  const cause = new Error("why");
  const fail = new FailTask("no", { cause });
  expect(fail).toMatchObject({ name: "FailTask", message: "no", cause });
  expect([fail, new SkipTask("none"), cause, null, "skip", { end: "fail" }].map(findTaskEnd)).toEqual([
    "fail",
    "skip",
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
