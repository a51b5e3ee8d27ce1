// The staged results of one run's transactions: stores them when a transaction is committed.

import { messageOf, type StagedMember } from "@memodag/core";
import type { RecordFence, StagedEntry, StoreOutcome, TaskCache } from "@memodag/result-cache";
import { switchedOff } from "../../cache/cache-intent.ts";
import { validForMs } from "../../cache/result-validity.ts";
import { statusAfterStore, storeFailed } from "../../cache/store-status.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { TransactionUnit } from "../../graph/transaction-units.ts";
import type { RunState, StoredEvent } from "../state/run-state.ts";
import type { EntryLocks } from "./entry-locks.ts";
import type { HeldLocks } from "./held-locks.ts";
import { recordedEntries } from "./prepare-record.ts";
import { GroupRecords, type GroupEntry, type StagedMemberPart } from "./group-records.ts";
import { bodyOf, type StagedPart, type StagedRecord } from "./staged-body.ts";

/** A staged member, and what is to be stored of it. */
interface Staged<Body = StagedRecord | StagedPart> extends ReadyInstance {
  readonly member: StagedMember;
  readonly body: Body;
}

/** An entry to store, and the members that are settled by it. */
interface Due {
  readonly members: readonly Staged[];
  readonly cache: TaskCache;
  readonly entry: StagedEntry;
}

/** Stores what is staged. */
export class StagedResults {
  readonly #context: RunContext;
  readonly #state: RunState;
  readonly #entries: Pick<EntryLocks, "areSure">;
  readonly #locks: Pick<HeldLocks, "fenceOf">;
  readonly #groups: GroupRecords;

  constructor(
    context: RunContext,
    state: RunState,
    {
      entries,
      locks,
    }: { readonly entries: Pick<EntryLocks, "areSure">; readonly locks: Pick<HeldLocks, "fenceOf"> },
  ) {
    this.#entries = entries;
    this.#groups = new GroupRecords(context, state);
    this.#context = context;
    this.#state = state;
    this.#locks = locks;
  }

  /** The members of a unit with a result to store. */
  of(unit: TransactionUnit): Staged[] {
    return this.#state.transactions.membersOf(unit).flatMap((member): Staged[] => {
      const body = bodyOf(member);
      if (body?.kind !== "record" && body?.kind !== "part") return [];
      return [{ node: this.#state.results.nodeOf(member.taskId), mapIndex: member.mapIndex, member, body }];
    });
  }

  /** Stores what is staged; undefined when that failed. Never rejects. */
  async store(unit: TransactionUnit): Promise<readonly StoredEvent[] | undefined> {
    const { cachingOffReason, xcomValues, log } = this.#context;
    const { run } = this.#state;
    const staged = this.of(unit);
    const offReason = cachingOffReason();
    if (offReason !== null) {
      const status = { cacheStatus: "disabled", cacheReason: switchedOff(offReason) } as const;
      return staged.map((one) => storedEvent(one, status));
    }
    // Without the strict lock of one, or of the transaction, none is stored.
    const fences = (await this.#entries.areSure(unit)) ? await this.#fencesOf(staged) : undefined;
    if (!fences) return staged.flatMap((one) => this.#storedBy([one], { kind: "lease_lost" }));
    const stored: StoredEvent[] = [];
    const due: Due[] = [...this.#dueRecords(staged, fences, stored)];
    try {
      for (const one of await this.#dueGroups(staged, stored)) due.push(one);
    } catch (error) {
      const fields = { dagId: run.dagId, runId: run.runId, transaction: unit.id, error: messageOf(error) };
      log.warn("the record of a transaction could not be made", fields);
      return undefined;
    }
    for (const [cache, ofCache] of Map.groupBy(due, ({ cache: own }) => own)) {
      const outcome = await cache.storeAll(
        ofCache.map(({ entry }) => entry),
        async (refs) => xcomValues.read(run.team, refs),
      );
      if (outcome.kind === "failed") return undefined;
      for (const [index, { members }] of ofCache.entries()) {
        const result = outcome.outcomes[index];
        if (!result) throw new Error("a staged result has no outcome");
        for (const event of this.#storedBy(members, result)) stored.push(event);
      }
    }
    return stored;
  }

  /** The results with records of their own. Those that have expired are told. */
  *#dueRecords(
    staged: readonly Staged[],
    fences: ReadonlyMap<Staged, RecordFence>,
    stored: StoredEvent[],
  ): Generator<Due> {
    const { caches } = this.#context;
    // Where records become visible one after the other, none does before those that depend on it.
    for (const one of staged.toSorted((a, b) => b.node.index - a.node.index)) {
      const { node, member, body } = one;
      if (body.kind === "part") continue;
      const entry = this.#entryOf({ node, mapIndex: one.mapIndex, member, body }, fences.get(one));
      const cache = caches.of(this.#state.run.team, node.task.cache);
      if (entry) yield { members: [one], cache, entry };
      else
        stored.push(
          storedEvent(one, { cacheStatus: "uncacheable", cacheReason: { code: "already_expired" } }),
        );
    }
  }

  /** The records of transactions. Those that cannot be stored are told. */
  async #dueGroups(staged: readonly Staged[], stored: StoredEvent[]): Promise<Due[]> {
    const { caches } = this.#context;
    const due: Due[] = [];
    for (const [group, members] of Map.groupBy(staged, ({ node }) => this.#state.groups.of(node))) {
      if (!group) continue;
      const made: GroupEntry = await this.#groups.make(group, members.flatMap(partOf));
      if (made.kind === "entry") {
        due.push({ members, cache: caches.of(this.#state.run.team, group.config), entry: made.entry });
        continue;
      }
      for (const one of members)
        stored.push(storedEvent(one, { cacheStatus: "uncacheable", cacheReason: made.reason }));
    }
    return due;
  }

  #storedBy(members: readonly Staged[], outcome: StoreOutcome): StoredEvent[] {
    return members.map((one) => storedEvent(one, statusAfterStore(one.body.asked, null, outcome)));
  }

  /** The outcome when storing is given up. */
  notStored(unit: TransactionUnit): StoredEvent[] {
    const cacheReason = storeFailed("the cache could not store it for a day");
    return this.of(unit).map((one) => storedEvent(one, { cacheStatus: "put_failure", cacheReason }));
  }

  /** Callbacks may undo what records refer to that the rolled back results were to replace. */
  async forgetReplaced(unit: TransactionUnit): Promise<void> {
    const { run, results, groups } = this.#state;
    const undoesAll = unit.transactions.some(({ callbacks }) => callbacks?.includes("rollback"));
    const replaced = this.of(unit).filter(({ body, member }) => {
      const { callbacks } = results.nodeOf(member.taskId).task;
      return body.mode === "replace" && (undoesAll || callbacks?.includes("rollback"));
    });
    const byTask = Map.groupBy(replaced, ({ node }) => groups.of(node)?.config ?? node.task.cache);
    for (const [cache, ofTask] of byTask) {
      const keys = new Set(ofTask.map(({ body }) => (body.kind === "part" ? body.key : body.record.key)));
      await this.#context.caches.of(run.team, cache).forget(run.team, [...keys], "rolled_back");
    }
  }

  /** The strict locks of members, which are confirmed; undefined if one is not held any more. */
  async #fencesOf(staged: readonly Staged[]): Promise<ReadonlyMap<Staged, RecordFence> | undefined> {
    const fences = new Map<Staged, RecordFence>();
    for (const one of staged) {
      const fence = await this.#locks.fenceOf(one);
      if (fence === null) return undefined;
      if (fence) fences.set(one, fence);
    }
    // All at once, so that the lock store is asked about all together.
    const areHeld = await Promise.all([...fences.values()].map((fence) => fence.confirm()));
    return areHeld.includes(false) ? undefined : fences;
  }

  /** The record to store; undefined if it has expired. */
  #entryOf(
    { node, member, body }: Staged<StagedRecord>,
    lease: RecordFence | undefined,
  ): StagedEntry | undefined {
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

function partOf({ node, mapIndex, member, body }: Staged): StagedMemberPart[] {
  if (body.kind !== "part") return [];
  return [{ node, mapIndex, body, place: member.place, hasEntries: (member.saved?.length ?? 0) > 0 }];
}

function storedEvent(
  { node, mapIndex }: ReadyInstance,
  status: Pick<StoredEvent, "cacheStatus" | "cacheReason">,
): StoredEvent {
  return { kind: "stored", node, mapIndex, ...status };
}
