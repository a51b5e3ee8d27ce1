// All keys of the config file. Types, validation, `config/memodag.toml` and its JSON schema are derived
// from here.

import { availableParallelism } from "node:os";
import {
  boolean,
  choice,
  duration,
  durationOrNever,
  integer,
  type Key,
  key,
  list,
  namePatterns,
  percentage,
  nodeOptions,
  requiredKey,
  type Section,
  section,
  size,
  stringOrTable,
  text,
  unsetKey,
  variableNames,
} from "./key.ts";

const DATABASE_URL = text(
  /^(sqlite:(?!:).+|postgres(ql)?:\/\/.+)$/s,
  '"sqlite:PATH" or "postgres://USER:PASSWORD@HOST/DATABASE"',
  { secret: true },
);
const REDIS_URL = text(/^rediss?:\/\/.+$/s, '"redis://HOST:PORT" or "rediss://HOST:PORT"', { secret: true });
const BACKEND = text(
  /^(@?[a-z0-9][\w.~-]*(\/[\w.~-]+)*|\.{0,2}\/.+|file:.+)$/i,
  '"metadata-db", "memory", "filesystem", the name of a store in [[stores]], or a module specifier such as "@example/memodag-cache"',
);
const NAME = text(
  /^[a-z0-9][a-z0-9_-]{0,62}$/,
  "a name of 1 to 63 lower-case letters, digits, - and _ that starts with a letter or digit",
);
const LOCK_STORE = text(
  /^[a-z0-9][a-z0-9_-]{0,62}$/,
  '"metadata-db", "memory", "filesystem", or the name of a store in [[stores]]',
);
const POOL_NAME = text(/^\S(.{0,126}\S)?$/, "a name of 1 to 128 characters");
const VARIABLE_NAME = text(/^[^\s"]{1,250}$/, "a name of 1 to 250 characters without spaces and quotes");
const VARIABLE_VALUE = text(/^[^]*$/, "a string", { secret: true });
const STORE_KIND = text(
  /^(@?[a-z0-9][\w.~-]*(\/[\w.~-]+)*|\.{0,2}\/.+|file:.+)$/i,
  '"metadata-db", "memory", "filesystem", "s3", "gcs", "redis" or a module specifier such as "./my-store.mjs"',
);
const STRING = text(/^[^]*$/, "a string");
const ENDPOINT = text(/^(https?:\/\/.+)?$/s, "a URL that starts with https:// or http://", { secret: true });
const FILE = text(/./s, "the path of a file");
const FOLDER = text(/./s, "the path of a folder");

/**
 * The default of `[core] parallelism` on a machine with so many cores. Tasks also wait for networks and disks, so a
 * small machine runs more of them than it has cores.
 */
export function defaultParallelism(cores: number): number {
  return Math.min(4096, Math.max(4, cores));
}

/** The sections of the config file. */
export const configSchema = {
  core: section("Deployment-wide settings.", {
    parallelism: key(integer(1, 4096), {
      description: "Maximum number of worker processes that one scheduler runs at a time.",
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
  }),
  database: section("The metadata database, which stores Dags, runs and task instances.", {
    url: key(DATABASE_URL, {
      description: "Database URL: sqlite:PATH for one machine, postgres://… for several schedulers.",
      default: "sqlite:.memodag/metadata.db",
    }),
    url_file: unsetKey(FILE, {
      description:
        "File that contains the URL, instead of `url`. Use it to keep the password out of the config.",
      example: "/run/secrets/memodag-database-url",
    }),
  }),
  task_cache: section("Caching of task results.", {
    url: unsetKey(DATABASE_URL, {
      description: "Separate database for the cache. If unset, the cache uses the database of [database].",
      example: "postgres://cache.example/memodag_cache",
    }),
    url_file: unsetKey(FILE, {
      description:
        "File that contains the URL, instead of `url`. Use it to keep the password out of the config.",
      example: "/run/secrets/memodag-cache-url",
    }),
    result_store: unsetKey(BACKEND, {
      description:
        "Backend or store that keeps the bytes of results. If unset, the backend of [core] task_cache_backend.",
      example: "filesystem",
    }),
    lock_store: key(LOCK_STORE, {
      description:
        "Where the locks of tasks with isolation: serializable are, unless the task names another store.",
      default: "metadata-db",
    }),
    backend_options: unsetKey(stringOrTable, {
      description:
        "Options passed to a backend named by module specifier: a string, or a table. The schema that its module exports checks them.",
      example: "s3://results?region=eu-west-3",
    }),
    backend_options_file: unsetKey(FILE, {
      description:
        "File that contains the options, instead of `backend_options`. Use it to keep secrets out of the config.",
      example: "/run/secrets/memodag-cache-options",
    }),
    default_ttl: key(durationOrNever("1ms"), {
      description: "How long a result may be reused, unless the task sets its own ttl.",
      default: "7d",
      live: true,
    }),
    lookup_timeout: key(duration("1ms", "1m"), {
      description:
        "How long a scheduling pass waits for cache lookups before it runs the tasks without them.",
      default: "500ms",
      live: true,
    }),
    store_timeout: key(duration("1ms", "10m"), {
      description: "How long storing one result may take before it is abandoned.",
      default: "10s",
      live: true,
    }),
    breaker_threshold: key(integer(1, 1_000_000), {
      description:
        "Number of consecutive failed or timed-out lookups after which the circuit breaker opens and the cache is bypassed.",
      default: 3,
    }),
    breaker_rest: key(duration("1ms", "1d"), {
      description: "How long the circuit breaker stays open.",
      default: "30s",
    }),
    max_result_size: key(size("1B"), {
      description: "Maximum size of a result to cache. Larger results are passed on but not stored.",
      default: "16MiB",
      live: true,
    }),
    max_size: unsetKey(size("1B"), {
      description:
        "Maximum total size of cached results. Beyond it, the least recently used are evicted. If unset, there is no limit.",
      example: "10GiB",
      live: true,
    }),
    gc_interval: key(durationOrNever("1s", "90d"), {
      description:
        "How often a scheduler removes cached results that are expired, exceed max_size or are no longer referenced.",
      default: "10m",
    }),
    max_input_size: key(size("1B"), {
      description:
        "Maximum size of an argument. A task with a larger argument is not cached, because hashing it would delay other tasks.",
      default: "16MiB",
      live: true,
    }),
    max_projected_size: key(size("1B"), {
      description:
        "Maximum size of an argument of which only fields are part of the cache key (`cache: { inputs }`). It is read to find them.",
      default: "128MiB",
      live: true,
    }),
    recheck: key(percentage, {
      description:
        'Share of hits under weakened keys that run nevertheless, so that their results are compared: keys that leave something out on the word of an author (`excludeInputs`, `inputs`, `key`, `source: "version"`, `share`). An entry that differs is removed.',
      default: "0%",
      live: true,
    }),
    key_timeout: key(duration("1ms", "10m"), {
      description:
        "How long key functions (`cache: { key }`) may take for the answers to a thousand questions, with the start of their process. What has no answer by then runs, and its result is not stored.",
      default: "5s",
      live: true,
    }),
    key_processes: key(integer(1, 1_000), {
      description:
        "Maximum number of processes of a scheduler that call key functions. There is one for each Dag file whose functions are asked; it ends when it has not been asked for 30 seconds.",
      default: 4,
    }),
    runtime: key(choice("exact", "major"), {
      description:
        "Which Node versions share results: only the exact same version, or all of the same major version (ignoring the ICU version).",
      default: "exact",
    }),
    ordinary_env: key(variableNames, {
      description: "Environment variables that libraries may read in a cached task without being declared.",
      default:
        "PATH HOME USER LOGNAME SHELL PWD TMPDIR TMP TEMP HOSTNAME NODE_* npm_* UV_* DEBUG DEBUG_* FORCE_COLOR NO_COLOR COLORTERM TERM TERM_* CI",
    }),
  }),
  job_cache: section("The job cache of each run: bytes that its tasks save under keys.", {
    store: key(BACKEND, {
      description: "Store of the bytes: metadata-db or filesystem, or a name of [[stores]].",
      default: "metadata-db",
    }),
    keep: key(durationOrNever("0ms"), {
      description: "How long the entries of a run stay after it has ended.",
      default: "7d",
    }),
    max_entry_size: key(size("1B", "5GiB"), {
      description:
        "Maximum size of an entry. The metadata database takes at most 256MiB; use another store for larger entries.",
      default: "16MiB",
    }),
    max_inline_size: key(size("0B", "64MiB"), {
      description:
        "Size up to which the scheduler passes the bytes of an entry to a task; a task transfers larger ones itself.",
      default: "256KiB",
    }),
  }),
  retention: section(
    "How long ended runs stay, and what belongs to them. Schedulers remove the rest every [task_cache] gc_interval, and memodag db clean does at once.",
    {
      runs: key(durationOrNever("1m"), {
        description:
          "How long a run stays after its end, with its task instances, XComs, entries and logs. The latest ended run of each Dag always stays.",
        default: "never",
        live: true,
      }),
      max_runs: unsetKey(integer(1, 10_000_000), {
        description:
          "Number of ended runs that each Dag keeps, beside those that others need. If unset, there is no limit.",
        example: "1000",
        live: true,
      }),
      xcoms: key(durationOrNever("1m"), {
        description:
          "How long the XComs of a run stay after its end. Without them, tasks of the run cannot be cleared.",
        default: "never",
        live: true,
      }),
      max_xcoms_size: unsetKey(size("0B"), {
        description:
          "Maximum total size of the XComs of ended runs. Beyond it, those of the oldest runs are removed.",
        example: "10GiB",
        live: true,
      }),
      max_entries_size: unsetKey(size("0B"), {
        description:
          "Maximum total size of the entries of ended runs. Beyond it, those of the oldest runs are removed. For their age, see [job_cache] keep.",
        example: "100GiB",
        live: true,
      }),
      logs: key(durationOrNever("1m"), {
        description: "How long the log of an attempt stays after its last line.",
        default: "never",
        live: true,
      }),
      max_logs_size: unsetKey(size("0B"), {
        description: "Maximum total size of the logs of ended runs in [core] state_dir.",
        example: "10GiB",
        live: true,
      }),
      artifacts: key(durationOrNever("1h"), {
        description:
          "How long a version of a Dag and its artifact stay after their creation, unless the Dag or a run needs them.",
        default: "1h",
        live: true,
      }),
      max_artifacts_size: unsetKey(size("0B"), {
        description:
          "Maximum total size of the copies of artifacts in [core] state_dir, which are made again when they are needed.",
        example: "1GiB",
        live: true,
      }),
      explanations: key(durationOrNever("1h"), {
        description: "How long it stays recorded why tasks missed the cache, and why results were removed.",
        default: "30d",
        live: true,
      }),
      audit: key(durationOrNever("90d"), {
        description: "How long entries of the audit trail stay.",
        default: "never",
        live: true,
      }),
    },
  ),
  scheduler: section("Settings of the scheduler.", {
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
  }),
  worker: section("Settings of the processes that run tasks.", {
    node_options: key(nodeOptions, {
      description:
        "Node options of the processes that run tasks, such as --max-old-space-size=4096. A task's `memory` option takes precedence.",
      default: "",
    }),
  }),
  dag_processor: section("Loading of Dag files.", {
    load_timeout: key(duration("1s", "1h"), {
      description: "Maximum time to load one Dag file.",
      default: "30s",
    }),
    rescan_interval: key(duration("100ms", "1d"), {
      description: "How often folders are scanned if the file system does not report changes.",
      default: "30s",
    }),
  }),
  dag_retention: list("Limits of one Dag, in place of those in [retention].", {
    dag: requiredKey(STRING, { description: "The Dag's id.", example: "hourly", live: true }),
    team: unsetKey(NAME, {
      description: "Team of the Dag. If unset, Dags of that id in every team that has no table of its own.",
      example: "ml",
      live: true,
    }),
    runs: unsetKey(durationOrNever("1m"), {
      description: "As in [retention], for this Dag.",
      example: "30d",
      live: true,
    }),
    max_runs: unsetKey(integer(1, 10_000_000), {
      description: "As in [retention], for this Dag.",
      example: "100",
      live: true,
    }),
    xcoms: unsetKey(durationOrNever("1m"), {
      description: "As in [retention], for this Dag.",
      example: "7d",
      live: true,
    }),
    logs: unsetKey(durationOrNever("1m"), {
      description: "As in [retention], for this Dag.",
      example: "7d",
      live: true,
    }),
  }),
  stores: list(
    "Stores, by name. [task_cache] result_store, [core] task_cache_backend and [job_cache] store can name one, and so can [task_cache] lock_store and tasks: cache: { keyStorage, resultStorage, lock: { store } }.",
    {
      name: requiredKey(NAME, {
        description:
          "Unique name of the store, for [task_cache] result_store, for keyStorage of a task and others.",
        example: "bucket",
      }),
      kind: requiredKey(STORE_KIND, {
        description:
          "Where the bytes are. s3, gcs and redis need the packages @memodag/s3, @memodag/gcs and @memodag/redis; a module specifier names a module that exports openByteStore.",
        example: "s3",
      }),
      team: unsetKey(NAME, {
        description:
          "Team whose tasks may name the store as keyStorage and resultStorage. If unset, tasks of every team may.",
        example: "ml",
      }),
      path: unsetKey(FOLDER, {
        description: "Folder of a store of kind filesystem, which all machines must share.",
        example: "/srv/memodag",
      }),
      url: unsetKey(REDIS_URL, {
        description: "Kind redis: URL of Redis or Valkey.",
        example: "redis://localhost:6379",
      }),
      url_file: unsetKey(FILE, {
        description: "File that contains `url`, an alternative to it.",
        example: "/run/secrets/redis-url",
      }),
      bucket: unsetKey(STRING, { description: "Bucket of kinds s3 and gcs.", example: "acme-memodag" }),
      prefix: unsetKey(STRING, {
        description:
          "Kinds s3, gcs and redis: prefix of the names of all objects, so that the bucket or the server can be shared.",
        example: "memodag/prod",
      }),
      region: unsetKey(STRING, { description: "Kind s3: region of the bucket.", example: "eu-central-1" }),
      endpoint: unsetKey(ENDPOINT, {
        description: "Kinds s3 and gcs: URL of a compatible service, instead of AWS or Google Cloud Storage.",
        example: "https://s3.example.com",
      }),
      checksums: unsetKey(choice("md5", "sha256", "none"), {
        description: "Kind s3: checksum that uploads are signed with, beside their digest. If unset, md5.",
        example: "sha256",
      }),
      credentials_file: unsetKey(FILE, {
        description:
          "Kinds s3 and gcs: file with credentials, in the format of the tools of AWS or the JSON of Google. If unset, the usual places are searched.",
        example: "/run/secrets/memodag-bucket",
      }),
      profile: unsetKey(STRING, {
        description: "Kind s3: profile in the credentials file. If unset, default.",
        example: "memodag",
      }),
      options: unsetKey(stringOrTable, {
        description:
          "Options passed to a store named by module specifier: a string, or a table. The schema that its module exports checks them.",
        example: "/mnt/results",
      }),
    },
  ),
  pools: list("Pools that limit how many tasks run at a time. They must be the same for every scheduler.", {
    name: requiredKey(POOL_NAME, { description: "Unique name of the pool." }),
    slots: requiredKey(integer(1, 1_000_000), {
      description: "Number of slots that its tasks may take at a time, across all schedulers.",
    }),
  }),
  variables: list(
    "Variables that tasks read with getClient().getVariable(). MEMODAG_VAR_NAME in the environment takes precedence.",
    {
      name: requiredKey(VARIABLE_NAME, {
        description: "Name of the variable, unique within its team.",
        example: "region",
      }),
      value: requiredKey(VARIABLE_VALUE, { description: "Value of the variable.", example: "eu-west-3" }),
      team: unsetKey(NAME, {
        description: "Team whose tasks may read the variable. If unset, tasks of every team may.",
        example: "ml",
      }),
    },
  ),
  caches: list("Named caches that tasks use.", {
    name: requiredKey(NAME, {
      description: "Name of the cache, unique within its team.",
      example: "rates",
    }),
    kind: requiredKey(choice("values", "entries"), {
      description:
        "Kind of the cache: values, for get-or-create with getValueCache(); or entries, a job cache for getCache().",
      example: "values",
    }),
    team: unsetKey(NAME, {
      description: "Team whose tasks may use the cache. If unset, every team has one of its own.",
      example: "ml",
    }),
    default_ttl: unsetKey(durationOrNever("1ms"), {
      description:
        "How long values are current, or entries stay, if the task does not say. If unset, 1h for values, and never for entries.",
      example: "30d",
    }),
    enabled: key(boolean, {
      description:
        "If false, no value is found or stored, and each run has entries of its own, as if scope were run.",
      default: true,
    }),
    adapter: key(choice("metadata-db", "memory", "redis"), {
      description:
        "Kind values: where they are stored: the metadata database, the memory of each scheduler, or Redis by the package @memodag/redis.",
      default: "metadata-db",
      of: "values",
    }),
    url: unsetKey(REDIS_URL, {
      description: "Kind values: URL of Redis or Valkey.",
      example: "redis://localhost:6379",
      of: "values",
    }),
    url_file: unsetKey(FILE, {
      description: "Kind values: file that contains `url`, an alternative to it.",
      example: "/run/secrets/redis-url",
      of: "values",
    }),
    lease: key(duration("1s", "1d"), {
      description: "Kind values: how long others wait for a creator whose scheduler has ended.",
      default: "30s",
      of: "values",
    }),
    max_value_size: key(size("1B", "8MiB"), {
      description: "Kind values: maximum size of a value.",
      default: "1MiB",
      of: "values",
    }),
    max_entries: key(integer(1, 10_000_000), {
      description:
        "Kind values: maximum number of values if `adapter` is memory; those used least recently leave first.",
      default: 10_000,
      of: "values",
    }),
    scope: unsetKey(choice("run", "dag", "team"), {
      description:
        "Kind entries, which requires it: which runs share the cache. run: none; dag: those of a Dag; team: all of a team.",
      example: "team",
      of: "entries",
    }),
    store: unsetKey(BACKEND, {
      description:
        "Kind entries: store of their bytes: metadata-db or filesystem, or a name of [[stores]]. If unset, that of [job_cache].",
      example: "bucket",
      of: "entries",
    }),
    max_entry_size: unsetKey(size("1B", "5GiB"), {
      description: "Kind entries: maximum size of one. If unset, that of [job_cache].",
      example: "1GiB",
      of: "entries",
    }),
    max_size: unsetKey(size("1B"), {
      description:
        "Kind entries: maximum total size of those of a team. Beyond it, the least recently read are removed. If unset, there is no limit.",
      example: "200GiB",
      of: "entries",
    }),
  }),
  bundles: list("Folders of Dag files.", {
    name: requiredKey(NAME, { description: "Unique name of the bundle." }),
    path: requiredKey(FOLDER, { description: "Folder of its Dag files." }),
    team: unsetKey(NAME, {
      description:
        "Team that the bundle belongs to. Required if multi_team is true, and not allowed otherwise.",
      example: "ml",
    }),
  }),
};

type Schema = typeof configSchema;

type Flat<T> = { [Name in keyof T]: T[Name] };

type Table<K extends Readonly<Record<string, Key>>> = Flat<
  {
    [Name in keyof K as K[Name] extends Key<unknown, "unset"> ? never : Name]: ReadKey<K[Name]>;
  } & {
    [Name in keyof K as K[Name] extends Key<unknown, "unset"> ? Name : never]?: ReadKey<K[Name]> | undefined;
  }
>;

type ReadKey<K> = K extends Key<infer T> ? T : never;

type ReadSection<S> =
  S extends Section<infer K, infer L> ? (L extends true ? readonly Table<K>[] : Table<K>) : never;

/** A config with parsed values, by section and key as in the file. */
export type ParsedDocument = { readonly [Name in keyof Schema]: ReadSection<Schema[Name]> };
