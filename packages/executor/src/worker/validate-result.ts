// Checks the result of a command with the validator in its Dag file, which is loaded for that after the
// program has ended.

import { checkResult } from "@memodag/sdk/runtime";
import type { RunOrder } from "../protocol.ts";
import { watchInputs } from "./noticing/watch-inputs.ts";
import { listOfOthers, loadDag, type Evidence } from "./run-attempt.ts";
import { findRuntimeChange } from "./runtime-change.ts";

/** The validator of one result. */
export interface Validator {
  /**
   * Returns the canonical JSON of the output.
   * @throws MemodagError `result_invalid`, and errors of loading the Dag file and of the validator
   */
  check(bytes: Uint8Array): Promise<Uint8Array>;
  /** The evidence of what the validator read and loaded. */
  findEvidence(): Evidence;
}

/** Starts watching what this process reads, from before the Dag file is loaded. */
export function openValidator(order: RunOrder): Validator {
  const { attempt, maxXComBytes } = order;
  const runtimeChange = findRuntimeChange(attempt);
  const watch = watchInputs(order, attempt.declaredEnv !== null);
  let listLoaded: Awaited<ReturnType<typeof loadDag>>["listPackages"] = () => [];
  return {
    async check(bytes) {
      const { dag, listPackages } = await loadDag(order);
      listLoaded = listPackages;
      return await checkResult(dag, attempt.taskId, bytes, maxXComBytes);
    },
    findEvidence: () => ({
      uncacheable: runtimeChange ?? watch.reasonWith([]),
      packages: listOfOthers([...listLoaded(), ...watch.listPackages()]),
    }),
  };
}
