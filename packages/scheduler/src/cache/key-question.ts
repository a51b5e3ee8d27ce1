// The questions to key functions, and what their answers mean for a key. Functions of values.

import {
  sha256,
  type Digest,
  type KeyAnswer,
  type KeyOrder,
  type DagRun,
  type DagVersion,
  type Reason,
} from "@memodag/core";
import { attemptContext } from "../attempts/attempt-builder.ts";
import { referToInputs } from "../attempts/attempt-inputs.ts";
import type { ReadyInstance } from "../graph/ready-instance.ts";
import type { NamedArgument } from "../values/instance-argument.ts";
import type { RunResults } from "../values/run-results.ts";

/** An instance whose key function is to be asked, with its arguments. */
export interface KeyAsk extends ReadyInstance {
  readonly args: readonly NamedArgument[];
}

/** The questions of some instances of a run, with each value once. */
export function keyOrder(
  asks: readonly KeyAsk[],
  { run, version }: { readonly run: DagRun; readonly version: DagVersion },
  results: RunResults,
): KeyOrder {
  const inputs = new Map<string, KeyOrder["results"][number][1]>();
  const questions = asks.map(({ node: { task }, mapIndex, args }) => {
    const given = referToInputs(args, results);
    for (const [name, input] of given.results) inputs.set(name, input);
    const isPure = task.cache?.key?.trust === "pure";
    return {
      taskId: task.taskId,
      args: given.args,
      context: isPure ? null : contextOf(run, task.taskId, mapIndex),
    };
  });
  return {
    team: run.team,
    dagId: run.dagId,
    file: version.file,
    artifactDigest: version.dag.artifactDigest,
    inputs: version.dag.inputs,
    results: [...inputs],
    questions,
  };
}

/** The part of a run that a key may depend on: the answer applies to any attempt. */
function contextOf(run: DagRun, taskId: string, mapIndex: number): KeyOrder["questions"][number]["context"] {
  const { dagRun, params, logicalDate, dataInterval } = attemptContext(
    run,
    { taskId, mapIndex, tryNumber: 0, maxTries: 0 },
    "",
  );
  return { dagRun, params, logicalDate, dataInterval, taskInstance: { mapIndex } };
}

/**
 * The name under which the answer of a pure function is remembered: it stands for the function and its arguments.
 * @throws MemodagError when a value cannot be read
 */
export async function keyMemo(
  { args }: Pick<KeyAsk, "args">,
  { sourceHash, runtime }: { readonly sourceHash: Digest; readonly runtime: string },
  results: RunResults,
): Promise<Digest> {
  const lines = ["memodag key answer v1", sourceHash, runtime];
  for (const [name, argument] of args)
    lines.push(
      `${JSON.stringify(name)} ${results.findDigest(argument) ?? (await results.digestOf(argument))}`,
    );
  return sha256(lines.join("\n"));
}

/** Why an answer makes no key; `null`: it does. */
export function keyFault(answer: KeyAnswer | undefined): Reason | null {
  switch (answer?.kind) {
    case "key":
      return null;
    case "none":
      return { code: "no_key" };
    case "late":
      return { code: "key_timeout" };
    case "failed":
      return { code: "key_failed", detail: { errorCode: "key_failed", what: answer.what } };
    case undefined:
      return {
        code: "key_failed",
        detail: { errorCode: "key_failed", what: "key functions are not called here" },
      };
  }
}
