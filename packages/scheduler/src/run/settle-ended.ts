// Settles the transactions of a run that has ended, and that no scheduler holds.

import { isStrictLock, type ClaimedRun } from "@memodag/core";
import type { RunContext } from "../context/run-context.ts";
import type { VersionGraph } from "../graph/version-graphs.ts";
import { GroupKeys } from "./effects/group-keys.ts";
import { PassWriter } from "./effects/pass-writer.ts";
import { Transactions, type TransactionUse } from "./effects/transactions.ts";
import { RunState } from "./state/run-state.ts";

/** Nothing ended here: no key is made. Strict locks are no longer held, and nothing is stored without them. */
const NOTHING_USED: Omit<TransactionUse, "groupKeys"> = {
  entries: {
    areSure: async ({ transactions }) => !transactions.some(({ isolation }) => isStrictLock(isolation?.lock)),
  },
  locks: {
    release: () => undefined,
    fenceOf: async ({ node }) => (isStrictLock(node.task.cache?.lock) ? null : undefined),
  },
  keyQuestions: { askAgain: async () => undefined },
};
const NO_DISPATCHER = { retreat: (): void => undefined };

/** Settles a run, unless another process does so, or has changed it since it was loaded. */
export async function settleEnded(
  context: RunContext,
  ended: ClaimedRun,
  graph: VersionGraph,
): Promise<void> {
  const state = new RunState(context, ended, graph, () => undefined);
  const { table, results } = state;
  for (const row of ended.instances) table.load(results.nodeOf(row.taskId), row);
  for (const xcom of ended.xcoms) results.load(xcom);
  const writer = new PassWriter(context, state);
  await new Transactions(context, state, {
    ...NOTHING_USED,
    groupKeys: new GroupKeys(context, state),
  }).settleEnded();
  await writer.write(NO_DISPATCHER);
}
