// [core], [database], and the tables of the processes that run Dags.

import { availableParallelism } from "node:os";
import { key, section, unsetKey } from "./key.ts";
import { BACKEND, DATABASE_URL, ENGINE, FILE, FOLDER } from "./named-values.ts";
import { boolean, choice, duration, integer, namePatterns, size } from "./value-types.ts";

/**
 * The default of `[core] parallelism` on a machine with so many cores. Tasks also wait for networks and disks, so a
 * small machine runs more of them than it has cores.
 */
export function defaultParallelism(cores: number): number {
  return Math.min(4096, Math.max(4, cores));
}

export const core = section("Deployment-wide settings.", {
  executor: key(ENGINE, {
    description:
      "Where tasks run: local (processes of the scheduler), or the queue through which they come to workers on other machines: bullmq, kubernetes or a module specifier.",
    default: "local",
  }),
  parallelism: key(integer(1, 4096), {
    description:
      "Maximum number of tasks that one scheduler runs at a time; with executor = local, each is a process on its machine.",
    default: defaultParallelism(availableParallelism()),
    computed: "the number of cores that the process may use, at least 4",
    live: true,
  }),
  multi_team: key(boolean, {
    description: "Assigns bundles to teams, which cannot see each other's Dags, runs and results.",
    default: false,
  }),
  task_caching_enabled: key(boolean, {
    description: "Kill switch of the cache: if false, every task runs, without lookups and stores.",
    default: true,
    live: true,
  }),
  task_cache_backend: key(BACKEND, {
    description:
      "Backend that caches results: metadata-db, memory, filesystem, the name of a store in [[stores]], or a module specifier.",
    default: "metadata-db",
  }),
  secret_patterns: key(namePatterns, {
    description:
      "Name patterns of arguments, params, context fields and variables whose values are never shown and are stored only as keyed digests.",
    default: "*PASSWORD* *PASSWD* *SECRET* *TOKEN* *API_KEY* *APIKEY* *CREDENTIAL* *PRIVATE_KEY*",
  }),
  log_level: key(choice("debug", "info", "warn", "error"), {
    description: "Minimum level of messages that services log.",
    default: "info",
    live: true,
  }),
  max_xcom_size: key(size("1B", "511MiB"), {
    description:
      "Maximum size, as JSON, of a value that a task returns or pushes; at most 511MiB, or 240MiB on PostgreSQL.",
    default: "128MiB",
  }),
  state_dir: key(FOLDER, {
    description: "Folder for data outside the database: attempt logs and artifacts of Dag files.",
    default: ".memodag",
  }),
});

export const database = section("The metadata database, which stores Dags, runs and task instances.", {
  url: key(DATABASE_URL, {
    description: "Database URL: sqlite:PATH for one machine, postgres://… for several schedulers.",
    default: "sqlite:.memodag/metadata.db",
  }),
  url_file: unsetKey(FILE, {
    description:
      "File that contains the URL, instead of `url`. Use it to keep the password out of the config.",
    example: "/run/secrets/memodag-database-url",
  }),
});

export const scheduler = section("Settings of the scheduler.", {
  lease: key(duration("1s", "1d"), {
    description: "How long a scheduler keeps its claim on a run without renewing it.",
    default: "30s",
  }),
  poll_interval: key(duration("10ms", "1d"), {
    description: "How often a scheduler polls for runs that it was not notified of.",
    default: "5s",
    live: true,
  }),
  max_runs: key(integer(1, 100_000), {
    description:
      "Maximum number of runs that one scheduler executes at a time. Runs that are only waiting do not count.",
    default: 64,
    live: true,
  }),
  shutdown_grace: key(duration("0ms", "1d"), {
    description: "How long running tasks may continue after the scheduler was told to stop.",
    default: "10s",
    live: true,
  }),
  heartbeat_timeout: key(duration("1s", "1d"), {
    description:
      "How long a task's process may go without a heartbeat. A process that is busy computing counts as alive.",
    default: "60s",
  }),
  callback_timeout: key(duration("100ms", "1d"), {
    description: "Maximum duration of a task's callback.",
    default: "1m",
    live: true,
  }),
});

export const dagProcessor = section("Loading of Dag files.", {
  load_timeout: key(duration("1s", "1h"), {
    description: "Maximum time to load one Dag file.",
    default: "30s",
  }),
  rescan_interval: key(duration("100ms", "1d"), {
    description: "How often folders are scanned if the file system does not report changes.",
    default: "30s",
  }),
});
