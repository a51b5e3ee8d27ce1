// The staged results of one run's transactions: stores them when a transaction is committed.

import type { StagedMember } from "@memodag/core";
import type { RecordFence, StagedEntry } from "@memodag/result-cache";
import { switchedOff } from "../../cache/cache-intent.ts";
import { validForMs } from "../../cache/result-validity.ts";
import { statusAfterStore, storeFailed } from "../../cache/store-status.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { TransactionUnit } from "../../graph/transaction-units.ts";
import type { RunState, StoredEvent } from "../state/run-state.ts";
import type { HeldLocks } from "./held-locks.ts";
import { recordedEntries } from "./prepare-record.ts";
import { bodyOf, type StagedRecord } from "./staged-body.ts";

/** A staged member, and what is to be stored of it. */
interface Staged extends ReadyInstance {
  readonly member: StagedMember;
  readonly body: StagedRecord;
}

/** Stores what is staged. */
export class StagedResults {
  readonly #context: RunContext;
  readonly #state: RunState;
  readonly #locks: Pick<HeldLocks, "fenceOf">;

  constructor(context: RunContext, state: RunState, locks: Pick<HeldLocks, "fenceOf">) {
    this.#context = context;
    this.#state = state;
    this.#locks = locks;
  }

  /** The members of a unit with a result to store. */
  of(unit: TransactionUnit): Staged[] {
    return this.#state.transactions.membersOf(unit).flatMap((member): Staged[] => {
      const body = bodyOf(member);
      if (body?.kind !== "record") return [];
      return [{ node: this.#state.results.nodeOf(member.taskId), mapIndex: member.mapIndex, member, body }];
    });
  }

  /** Stores what is staged; undefined when that failed. Never rejects. */
  async store(unit: TransactionUnit): Promise<readonly StoredEvent[] | undefined> {
    const { cachingOffReason, caches, xcomValues } = this.#context;
    const { run } = this.#state;
    const staged = this.of(unit);
    const stored: StoredEvent[] = [];
    const offReason = cachingOffReason();
    if (offReason !== null) {
      const status = { cacheStatus: "disabled", cacheReason: switchedOff(offReason) } as const;
      return staged.map(({ node, mapIndex }) => ({ kind: "stored", node, mapIndex, ...status }));
    }
    // Without the strict lock of one, none is stored.
    const fences = await this.#fencesOf(staged);
    if (!fences) {
      return staged.map((one) =>
        storedEvent(one, statusAfterStore(one.body.asked, null, { kind: "lease_lost" })),
      );
    }
    const byCache = Map.groupBy(staged, ({ node }) => caches.of(run.team, node.task.cache));
    for (const [cache, ofCache] of byCache) {
      const due: { readonly one: Staged; readonly entry: StagedEntry }[] = [];
      // Where records become visible one after the other, none does before those that depend on it.
      for (const one of ofCache.toSorted((a, b) => b.node.index - a.node.index)) {
        const entry = this.#entryOf(one, fences.get(one));
        if (entry) due.push({ one, entry });
        else
          stored.push(
            storedEvent(one, { cacheStatus: "uncacheable", cacheReason: { code: "already_expired" } }),
          );
      }
      const outcome = await cache.storeAll(
        due.map(({ entry }) => entry),
        async (refs) => xcomValues.read(run.team, refs),
      );
      if (outcome.kind === "failed") return undefined;
      for (const [index, { one }] of due.entries()) {
        const result = outcome.outcomes[index];
        if (!result) throw new Error("a staged result has no outcome");
        stored.push(storedEvent(one, statusAfterStore(one.body.asked, null, result)));
      }
    }
    return stored;
  }

  /** The outcome when storing is given up. */
  notStored(unit: TransactionUnit): StoredEvent[] {
    const cacheReason = storeFailed("the cache could not store it for a day");
    return this.of(unit).map((one) => storedEvent(one, { cacheStatus: "put_failure", cacheReason }));
  }

  /** Callbacks may undo what records refer to that the rolled back results were to replace. */
  async forgetReplaced(unit: TransactionUnit): Promise<void> {
    const { run, results } = this.#state;
    const undoesAll = unit.transactions.some(({ callbacks }) => callbacks?.includes("rollback"));
    const replaced = this.of(unit).filter(({ body, member }) => {
      const { callbacks } = results.nodeOf(member.taskId).task;
      return body.mode === "replace" && (undoesAll || callbacks?.includes("rollback"));
    });
    const byTask = Map.groupBy(replaced, ({ node }) => node.task);
    for (const [{ cache }, ofTask] of byTask)
      await this.#context.caches.of(run.team, cache).forget(
        run.team,
        ofTask.map(({ body }) => body.record.key),
        "rolled_back",
      );
  }

  /** The strict locks of members, which are confirmed; undefined if one is not held any more. */
  async #fencesOf(staged: readonly Staged[]): Promise<ReadonlyMap<Staged, RecordFence> | undefined> {
    const fences = new Map<Staged, RecordFence>();
    for (const one of staged) {
      const fence = await this.#locks.fenceOf(one);
      if (fence === null || (fence && !(await fence.confirm()))) return undefined;
      if (fence) fences.set(one, fence);
    }
    return fences;
  }

  /** The record to store; undefined if it has expired. */
  #entryOf({ node, member, body }: Staged, lease: RecordFence | undefined): StagedEntry | undefined {
    const { timezone } = this.#state.version.dag;
    const expiries = { expires: node.task.cache?.expires, timezone, expiresAt: body.expiresAt };
    const validMs = validForMs(expiries, this.#context.clock.now());
    if (validMs !== undefined && validMs <= 0) return undefined;
    const record = {
      ...body.record,
      ...(validMs !== undefined && { validForMs: validMs }),
      ...recordedEntries(this.#context, member.saved),
    };
    return { record, xcoms: body.xcoms, mode: body.mode, ...(lease && { lease }) };
  }
}

function storedEvent(
  { node, mapIndex }: ReadyInstance,
  status: Pick<StoredEvent, "cacheStatus" | "cacheReason">,
): StoredEvent {
  return { kind: "stored", node, mapIndex, ...status };
}
