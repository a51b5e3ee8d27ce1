// Removes everything that is over a limit of the config, and everything that nothing refers to.

import { LONG_RESTS, SHORT_RESTS, type Collection } from "@memodag/result-cache";
import { audited, newAct } from "../act.ts";
import { openCollector, openEntryRetention } from "../cache/collection.ts";
import type { OperationContext } from "../context.ts";
import { giveBackSpace } from "./give-back-space.ts";
import { LocalFiles } from "./local-files.ts";
import { planRetention } from "./plan.ts";
import { addRemoved, type Removed } from "./removed.ts";
import { Retention, type RetentionContext } from "./retention.ts";

/** Creates the retention of a scheduler, which is not in a hurry, or of a command, for which a user waits. */
export function openRetention(
  { stores, logs, settings }: RetentionContext,
  who: "scheduler" | "command",
): Retention {
  return new Retention({
    stores,
    logs,
    limits: settings.retention(),
    restsABatch: who === "scheduler" ? LONG_RESTS : SHORT_RESTS,
  });
}

/**
 * Does at once what schedulers do periodically: removes what is over a limit, and collects what nothing refers to, as
 * `cache gc` does. The signal ends it early.
 */
export async function cleanDatabase(context: OperationContext, signal?: AbortSignal): Promise<Removed> {
  const { stores, actor } = context;
  return await audited(
    stores.audit,
    newAct(actor, "db.clean", null, {}),
    () => clean(context, signal),
    ({ runs, instances, xcoms, entries, logs, artifacts }) =>
      runs + instances + xcoms + entries + logs + artifacts,
  );
}

async function clean(context: OperationContext, signal: AbortSignal | undefined): Promise<Removed> {
  const { stores, settings } = context;
  const old = await openRetention(context, "command").clean(signal);
  const removed = addRemoved(old, await new LocalFiles(context).clean(signal));
  // Before they are collected: a collection counts their bytes with them.
  const { count: entries } = await openEntryRetention(stores, settings).amount();
  const collected = await (await openCollector(stores, settings)).collect(signal);
  await giveBackSpace(stores, "command", signal);
  return addRemoved(removed, { ...collectedOf(collected), entries });
}

/** Counts what {@link cleanDatabase} would remove now. */
export async function planClean(context: OperationContext): Promise<Removed> {
  const { stores, settings } = context;
  const planned = addRemoved(await planRetention(context), await new LocalFiles(context).plan());
  const collected = await (await openCollector(stores, settings)).plan(0);
  return addRemoved(planned, { ...collectedOf(collected), entries: collected.entries.count });
}

function collectedOf({ bytes, superseded, entries }: Collection): Partial<Removed> {
  return {
    artifacts: superseded.count,
    bytes: bytes.sizeBytes + superseded.sizeBytes + entries.sizeBytes,
  };
}
