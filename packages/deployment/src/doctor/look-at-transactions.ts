// Checks whether the results of each transaction can become visible at one moment.

import type { LoadedConfig } from "@memodag/config";
import { DEFAULT_TEAM, endingWith, type DagVersion, type Logger } from "@memodag/core";
import { openCacheStores } from "../stores/cache-stores.ts";
import { openAsItIs } from "../stores/database.ts";
import type { Finding } from "./finding.ts";

/** The results that a transaction stores together. */
interface JointResults {
  readonly version: DagVersion;
  readonly transactionId: string;
  /** The names of the record stores of its tasks; `null`: that of the deployment. */
  readonly stores: ReadonlySet<string | null>;
}

/** Warns of transactions whose results are stored one by one, where their stores cannot do otherwise. */
export async function lookAtTransactions(
  loaded: LoadedConfig,
  versions: readonly DagVersion[],
  log: Logger,
): Promise<Finding[]> {
  const all = versions.flatMap(jointResultsOf);
  if (all.length === 0) return [];
  const names = new Set(all.flatMap(({ stores }) => [...stores]));
  const unable = await findUnable(names, loaded, log);
  return all.flatMap((one): Finding[] => {
    const problem = problemOf(one.stores, unable, loaded);
    if (problem === undefined) return [];
    const { dagId, team } = one.version;
    const place = `transaction "${one.transactionId}" of Dag "${dagId}"`;
    const ofTeam = team === DEFAULT_TEAM ? "" : ` of team "${team}"`;
    const message =
      `${place}${ofTeam}: ${problem}, so other runs may see some of its results before the others: ` +
      "keep the records of its tasks in one store of kind metadata-db";
    return [{ check: "dags", status: "warn", message }];
  });
}

/** Of each lazy transaction of a Dag that may have several records to store. */
function jointResultsOf(version: DagVersion): JointResults[] {
  const { transactions = [], tasks } = version.dag;
  const ends = endingWith(transactions);
  // Nested ones come after those around them.
  const innermost = new Map(
    transactions.flatMap((transaction) =>
      transaction.taskIds.map((taskId) => [taskId, transaction] as const),
    ),
  );
  const joined = new Set(transactions.flatMap(({ cache, taskIds }) => (cache ? taskIds : [])));
  const stored = [
    ...transactions.map(({ transactionId, cache }) => ({ cache, within: transactionId, areSeveral: false })),
    ...tasks
      .filter(({ taskId }) => !joined.has(taskId))
      .map(({ taskId, cache, expand }) => {
        return { cache, within: innermost.get(taskId)?.transactionId, areSeveral: expand.length > 0 };
      }),
  ].filter(({ cache }) => cache && cache.mode !== "read");
  return transactions.flatMap(({ transactionId, commit }): JointResults[] => {
    if (commit === "eager") return [];
    const own = stored.filter(({ within = "" }) => ends.get(within) === transactionId);
    if (own.length < 2 && !own[0]?.areSeveral) return [];
    return [{ version, transactionId, stores: new Set(own.map(({ cache }) => cache?.keyStorage ?? null)) }];
  });
}

/** The record stores that cannot store records together. Stores that are away are reported by checks of their own. */
async function findUnable(
  names: ReadonlySet<string | null>,
  loaded: LoadedConfig,
  log: Logger,
): Promise<ReadonlySet<string | null>> {
  const unable = new Set<string | null>();
  const database = await openAsItIs(loaded.config.database.url);
  try {
    const cache = await openCacheStores(loaded, database, log);
    const { records, named } = cache.stores;
    const look = async (name: string | null): Promise<void> => {
      const store = name === null ? records : named.records(name);
      if ((await store.putAll?.([])) === undefined) unable.add(name);
    };
    await Promise.allSettled([...names].map(look));
    await cache.close();
  } finally {
    await database.close();
  }
  return unable;
}

function problemOf(
  stores: ReadonlySet<string | null>,
  unable: ReadonlySet<string | null>,
  { config }: LoadedConfig,
): string | undefined {
  const nameOf = (store: string | null): string => `"${store ?? config.core.taskCacheBackend}"`;
  for (const store of stores)
    if (unable.has(store)) return `the store ${nameOf(store)} cannot store results together`;
  if (stores.size < 2) return undefined;
  return `its tasks have their records in several stores (${[...stores].map(nameOf).join(", ")})`;
}
