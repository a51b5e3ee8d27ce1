// [retention] and [[dag_retention]]: how long things stay. All of it is live.

import { key, list, requiredKey, section, unsetKey, type KeyType } from "./key.ts";
import { NAME, STRING } from "./named-values.ts";
import { durationOrNever, integer, size } from "./value-types.ts";

const AGE = durationOrNever("1m");
const RUNS = integer(1, 10_000_000);
const SIZE = size("0B");

function age(type: typeof AGE, byDefault: string, description: string) {
  return key(type, { description, default: byDefault, live: true });
}

function most<T>(type: KeyType<T>, example: string, description: string) {
  return unsetKey(type, { description, example, live: true });
}

function ofDag<T>(type: KeyType<T>, example: string) {
  return most(type, example, "As in [retention], for this Dag.");
}

export const retention = section(
  "How long ended runs stay, and what belongs to them. Schedulers remove the rest every [task_cache] gc_interval, and memodag db clean does at once.",
  {
    runs: age(
      AGE,
      "never",
      "How long a run stays after its end, with its task instances, XComs, entries and logs. The latest ended run of each Dag always stays.",
    ),
    max_runs: most(
      RUNS,
      "1000",
      "Number of ended runs that each Dag keeps, beside those that others need. If unset, there is no limit.",
    ),
    xcoms: age(
      AGE,
      "never",
      "How long the XComs of a run stay after its end. Without them, tasks of the run cannot be cleared.",
    ),
    max_xcoms_size: most(
      SIZE,
      "10GiB",
      "Maximum total size of the XComs of ended runs. Beyond it, those of the oldest runs are removed.",
    ),
    max_entries_size: most(
      SIZE,
      "100GiB",
      "Maximum total size of the entries of ended runs. Beyond it, those of the oldest runs are removed. For their age, see [job_cache] keep.",
    ),
    logs: age(AGE, "never", "How long the log of an attempt stays after its last line."),
    max_logs_size: most(SIZE, "10GiB", "Maximum total size of the logs of ended runs in [core] state_dir."),
    artifacts: age(
      durationOrNever("1h"),
      "1h",
      "How long a version of a Dag and its artifact stay after their creation, unless the Dag or a run needs them.",
    ),
    max_artifacts_size: most(
      SIZE,
      "1GiB",
      "Maximum total size of the copies of artifacts in [core] state_dir, which are made again when they are needed.",
    ),
    explanations: age(
      durationOrNever("1h"),
      "30d",
      "How long it stays recorded why tasks missed the cache, and why results were removed.",
    ),
    audit: age(durationOrNever("90d"), "never", "How long entries of the audit trail stay."),
  },
);

export const dagRetention = list("Limits of one Dag, in place of those in [retention].", {
  dag: requiredKey(STRING, { description: "The Dag's id.", example: "hourly", live: true }),
  team: most(
    NAME,
    "ml",
    "Team of the Dag. If unset, Dags of that id in every team that has no table of its own.",
  ),
  runs: ofDag(AGE, "30d"),
  max_runs: ofDag(RUNS, "100"),
  xcoms: ofDag(AGE, "7d"),
  logs: ofDag(AGE, "7d"),
});
