// Finds by what the keys of an instance differ in two runs: from the explanation that is kept of it, else from the parts
// of both keys, where entries or explanations still have them.

import { instanceKey, type DagRun, type StoredInstance, type TaskInstanceId } from "@memodag/core";
import {
  compareComponents,
  type AllRecords,
  type ComponentChange,
  type RecordedComponents,
  type RunDecision,
} from "@memodag/result-cache";
import { openAllRecords } from "../cache/all-records.ts";
import type { OperationContext } from "../context.ts";

interface Found {
  readonly components: RecordedComponents;
  readonly sourceHash: string;
}

/** The differences between the keys of two runs. */
export class KeyChanges {
  readonly #context: OperationContext;
  readonly #before: DagRun;
  readonly #after: DagRun;
  readonly #records: AllRecords;
  readonly #decisions: ReadonlyMap<string, RunDecision>;

  private constructor(
    context: OperationContext,
    before: DagRun,
    after: DagRun,
    records: AllRecords,
    decisions: readonly RunDecision[],
  ) {
    this.#context = context;
    this.#before = before;
    this.#after = after;
    this.#records = records;
    this.#decisions = new Map(decisions.map((decision) => [instanceKey(decision), decision]));
  }

  static async between(context: OperationContext, before: DagRun, after: DagRun): Promise<KeyChanges> {
    const { stores } = context;
    const records = await openAllRecords(stores, after.team);
    const decisions = await stores.decisions.listOfRun(after.team, after.id);
    return new KeyChanges(context, before, after, records, decisions);
  }

  /** Returns the changes of an instance; none if they are not known. */
  async of(
    before: StoredInstance | undefined,
    after: StoredInstance | undefined,
  ): Promise<readonly ComponentChange[]> {
    if (!before || !after) return [];
    const decision = this.#decisions.get(instanceKey(after));
    if (decision?.key === after.cacheKey && decision.comparedWith === before.cacheKey)
      return decision.changes;
    const [from, to] = await Promise.all([this.#find(this.#before, before), this.#find(this.#after, after)]);
    if (!from || !to) return [];
    const hashes = [from.sourceHash, to.sourceHash];
    const sources = await this.#context.stores.dags.findTaskSources(this.#after.team, hashes);
    return compareComponents(
      { components: from.components, source: sources.get(from.sourceHash) },
      { components: to.components, source: sources.get(to.sourceHash) },
    );
  }

  async #find(
    run: DagRun,
    instance: TaskInstanceId & Pick<StoredInstance, "cacheKey">,
  ): Promise<Found | undefined> {
    const { cacheKey } = instance;
    if (cacheKey === null) return undefined;
    const decision = await this.#context.stores.decisions.find(run.team, run.id, instance);
    if (decision?.key === cacheKey)
      return { components: decision.components, sourceHash: decision.components.source };
    const filter = { keyPrefix: cacheKey, team: run.team };
    // A store that cannot be asked leaves the changes unknown; both keys are still shown to differ.
    const [record] = await this.#records.list(filter, { limit: 1, offset: 0 }).catch(() => []);
    return record;
  }
}
