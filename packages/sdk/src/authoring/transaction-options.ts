// Options of a transaction, and how they are read.

import type { TransactionEvent } from "@memodag/core";
import {
  TRANSACTION_OPTIONS,
  type AnyCallback,
  type TransactionCallbacks,
} from "../context/callback-context.ts";
import type { FaultPlace } from "./dag-fault.ts";
import { OptionReader } from "./option-reader.ts";
import { readCallbacks } from "./retry-options.ts";

/** Options of a transaction. */
export interface TransactionOptions extends TransactionCallbacks {
  /**
   * When the results of its tasks are stored: `lazy`, all together when all tasks have ended well, or `eager`, each when
   * its task succeeds. See also `commitWhen`. Default: as the transaction around it, or else `lazy`.
   */
  readonly commit?: "lazy" | "eager";
  /**
   * The failures that roll it back: `any` of its tasks, even if a trigger rule lets the run go on, or only those of
   * `leaves`, which no other task of the transaction waits for. Default: `any`.
   */
  readonly failOn?: "any" | "leaves";
}

/** The options of a transaction after reading. */
export interface TransactionSettings {
  readonly isEager: boolean;
  readonly failOn: "any" | "leaves";
  readonly callbacks: ReadonlyMap<TransactionEvent, AnyCallback>;
  /** The result that decides, once it is declared, and the path of the answer in it. */
  decidedBy: { readonly taskId: string; readonly path: readonly (string | number)[] } | null;
}

const NAMES = ["commit", "failOn", ...Object.values(TRANSACTION_OPTIONS)] as const;

/**
 * Reads the options of a transaction.
 * @throws MemodagError `dag_invalid` naming the invalid option
 */
export function readTransactionOptions(
  place: FaultPlace,
  value: unknown,
  around: TransactionSettings | undefined,
): TransactionSettings {
  const reader = new OptionReader(place, "", value ?? {}, NAMES);
  const callbacks = readCallbacks(reader, TRANSACTION_OPTIONS);
  const isEager = readCommit(reader, around);
  if (isEager && callbacks.has("rollback")) {
    throw reader.fault("onRollback", {
      problem: "is set, and the transaction is eager, which undoes nothing",
      fix: 'use commit: "lazy", or remove onRollback',
    });
  }
  const failOn = reader.choice("failOn", ["any", "leaves"]) ?? "any";
  return { isEager, failOn, callbacks, decidedBy: null };
}

function readCommit(reader: OptionReader, around: TransactionSettings | undefined): boolean {
  const commit = reader.get("commit");
  if (commit === undefined) return around?.isEager === true;
  if (commit === "lazy" || commit === "eager") return commit === "eager";
  throw reader.wrong(
    "commit",
    commit,
    'use "lazy" or "eager"; to let a task decide, call commitWhen() of the transaction',
  );
}
