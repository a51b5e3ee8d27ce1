// [task_cache], [job_cache] and [[caches]]: what is cached, and where.

import { key, list, requiredKey, section, unsetKey } from "./key.ts";
import { BACKEND, DATABASE_URL, FILE, LOCK_STORE, NAME, REDIS_URL } from "./named-values.ts";
import {
  boolean,
  choice,
  duration,
  durationOrNever,
  integer,
  percentage,
  size,
  stringOrTable,
  variableNames,
} from "./value-types.ts";

export const taskCache = section("Caching of task results.", {
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
    description: "How long a scheduling pass waits for cache lookups before it runs the tasks without them.",
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
});

export const jobCache = section("The job cache of each run: bytes that its tasks save under keys.", {
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
});

export const caches = list("Named caches that tasks use.", {
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
});
