// The environment of a command.

import type { AttemptCommand } from "@memodag/core";
import { MARK_VARIABLE } from "../process-mark.ts";
import { isOrdinary, TRACE_VARIABLE } from "../worker-environment.ts";

/** The paths of what a command reads and writes. */
export interface ExchangeFiles {
  readonly inputs: string;
  readonly result: string;
  /** The folder of the entries that it gets. Absent: it gets none. */
  readonly entriesIn?: string;
  /** The folder of the entries that it leaves. Absent: it leaves none. */
  readonly entriesOut?: string;
}

/**
 * Returns the environment of a command: the worker's, without memodag's own variables, overridden by the
 * author's variables, and by the paths of its files and the id of its attempt.
 * @param isTraced true if TRACEPARENT is that of the attempt, which is in no key. Default: false.
 */
export function commandEnvironment(
  environment: NodeJS.ProcessEnv,
  { env, visibleEnv }: Pick<AttemptCommand, "env" | "visibleEnv">,
  ordinary: readonly string[],
  files: ExchangeFiles,
  attemptId: string,
  isTraced = false,
): NodeJS.ProcessEnv {
  const traceVariable = isTraced ? TRACE_VARIABLE : undefined;
  const isVisible = (name: string): boolean =>
    visibleEnv === null || visibleEnv.includes(name) || isOrdinary(ordinary, name) || name === traceVariable;
  return {
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => isVisible(name))),
    ...Object.fromEntries(env),
    // The end of the attempt finds the program by it, wherever it moves.
    [MARK_VARIABLE]: environment[MARK_VARIABLE],
    MEMODAG_INPUTS: files.inputs,
    MEMODAG_RESULT: files.result,
    ...(files.entriesIn !== undefined && { MEMODAG_ENTRIES_IN: files.entriesIn }),
    ...(files.entriesOut !== undefined && { MEMODAG_ENTRIES_OUT: files.entriesOut }),
    // The attempt's id cannot be part of a key: a cached program that used it would return that of
    // another attempt.
    ...(visibleEnv === null && { MEMODAG_ATTEMPT_ID: attemptId }),
  };
}
