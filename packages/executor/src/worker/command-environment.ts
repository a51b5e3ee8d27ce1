// The environment of a command.

import type { AttemptCommand } from "@memodag/core";
import { MARK_VARIABLE } from "../process-mark.ts";
import { isOrdinary } from "../worker-environment.ts";

/** The files by which a command takes its arguments and gives its result. */
export interface ExchangeFiles {
  readonly inputs: string;
  readonly result: string;
}

/**
 * What a command gets to see of the worker's environment, which has none of memodag's own variables, its
 * author's variables over it, and the names of its files and of its attempt over all.
 */
export function commandEnvironment(
  environment: NodeJS.ProcessEnv,
  { env, visibleEnv }: Pick<AttemptCommand, "env" | "visibleEnv">,
  ordinary: readonly string[],
  files: ExchangeFiles,
  attemptId: string,
): NodeJS.ProcessEnv {
  const isVisible = (name: string): boolean =>
    visibleEnv === null || visibleEnv.includes(name) || isOrdinary(ordinary, name);
  return {
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => isVisible(name))),
    ...Object.fromEntries(env),
    // By which the attempt's end finds the program, wherever it goes.
    [MARK_VARIABLE]: environment[MARK_VARIABLE],
    MEMODAG_INPUTS: files.inputs,
    MEMODAG_RESULT: files.result,
    // Which attempt it is cannot be in a key: a cached program that wrote it down would be given another's.
    ...(visibleEnv === null && { MEMODAG_ATTEMPT_ID: attemptId }),
  };
}
