// Every key of the config file. Types, faults, `config/memodag.toml` and its JSON schema come from here.

import * as z from "zod";
import {
  boolean,
  choice,
  duration,
  durationOrNever,
  integer,
  key,
  namePatterns,
  nodeOptions,
  requiredKey,
  size,
  text,
  unsetKey,
  variableNames,
} from "./key.ts";

const DATABASE_URL = text(
  /^(sqlite:(?!:).+|postgres(ql)?:\/\/.+)$/s,
  '"sqlite:PATH" or "postgres://USER:PASSWORD@HOST/DATABASE"',
  { secret: true },
);
const BACKEND = text(
  /^(@?[a-z0-9][\w.~-]*(\/[\w.~-]+)*|\.{0,2}\/.+|file:.+)$/i,
  '"metadata-db", "memory", "filesystem" or a module specifier such as "@example/memodag-cache"',
);
const NAME = text(
  /^[a-z0-9][a-z0-9_-]{0,62}$/,
  "a name of 1 to 63 lower-case letters, digits, - and _ that starts with a letter or digit",
);
const POOL_NAME = text(/^\S(.{0,126}\S)?$/, "a name of 1 to 128 characters");
const VARIABLE_NAME = text(/^[^\s"]{1,250}$/, "a name of 1 to 250 characters without spaces and quotes");
const VARIABLE_VALUE = text(/^[^]*$/, "a text", { secret: true });
const FILE = text(/./s, "the path of a file");
const FOLDER = text(/./s, "the path of a folder");

function section<S extends z.ZodRawShape>(description: string, shape: S) {
  return z
    .strictObject(shape)
    .prefault({} as never)
    .meta({ description });
}

/** The schema of the config file. Its input is what is written, its output what is meant. */
export const configSchema = z.strictObject({
  core: section("What holds for the whole deployment.", {
    parallelism: key(integer(1, 4096), {
      description: "How many worker processes one scheduler runs at a time.",
      default: 16,
      live: true,
    }),
    multi_team: key(boolean, {
      description: "Whether bundles belong to teams that must not see each other's Dags, runs and results.",
      default: false,
    }),
    task_caching_enabled: key(boolean, {
      description: "Kill switch: false runs every task and leaves the cache alone.",
      default: true,
      live: true,
    }),
    task_cache_backend: key(BACKEND, {
      description: "Where results are remembered: metadata-db, memory, filesystem or a module specifier.",
      default: "metadata-db",
    }),
    secret_patterns: key(namePatterns, {
      description:
        "Names of arguments, params, context fields and variables whose values are never shown, and kept as keyed digests.",
      default: "*PASSWORD* *PASSWD* *SECRET* *TOKEN* *API_KEY* *APIKEY* *CREDENTIAL* *PRIVATE_KEY*",
    }),
    log_level: key(choice("debug", "info", "warn", "error"), {
      description: "What services log: this and everything above it.",
      default: "info",
      live: true,
    }),
    max_xcom_size: key(size("1B", "511MiB"), {
      description:
        "How long a value that a task returns or pushes may be, as JSON; at most 511MiB, and 240MiB on PostgreSQL.",
      default: "128MiB",
    }),
    state_dir: key(FOLDER, {
      description: "The folder of what is not in the database: logs of attempts, artifacts of Dag files.",
      default: ".memodag",
    }),
  }),
  database: section("Where Dags, runs and task instances are kept.", {
    url: key(DATABASE_URL, {
      description: "sqlite:PATH for one machine, postgres://… for several schedulers.",
      default: "sqlite:.memodag/metadata.db",
    }),
    url_file: unsetKey(FILE, {
      description: "A file that holds the url, in place of `url`: for secrets.",
      example: "/run/secrets/memodag-database-url",
    }),
  }),
  task_cache: section("How results are remembered.", {
    url: unsetKey(DATABASE_URL, {
      description: "A database of its own for the cache; unset: the one of [database].",
      example: "postgres://cache.example/memodag_cache",
    }),
    url_file: unsetKey(FILE, {
      description: "A file that holds the url, in place of `url`: for secrets.",
      example: "/run/secrets/memodag-cache-url",
    }),
    result_store: unsetKey(BACKEND, {
      description: "Where the bytes of results are kept; unset: where [core] task_cache_backend says.",
      example: "filesystem",
    }),
    backend_options: unsetKey(text(/./s, "a text that is not empty", { secret: true }), {
      description: "What a backend named by module specifier is given, in its own words.",
      example: "s3://results?region=eu-west-3",
    }),
    backend_options_file: unsetKey(FILE, {
      description: "A file that holds the options, in place of `backend_options`: for secrets.",
      example: "/run/secrets/memodag-cache-options",
    }),
    default_ttl: key(durationOrNever("1ms"), {
      description: "How old a result may be to be used again, where its task does not say.",
      default: "7d",
      live: true,
    }),
    lookup_timeout: key(duration("1ms", "1m"), {
      description: "How long a scheduling pass waits for the cache before it runs its tasks without.",
      default: "500ms",
      live: true,
    }),
    store_timeout: key(duration("1ms", "10m"), {
      description: "How long storing one result may take before it is given up.",
      default: "10s",
      live: true,
    }),
    breaker_threshold: key(integer(1, 1_000_000), {
      description:
        "After how many lookups in a row that failed or were late the cache is left alone for a while.",
      default: 3,
    }),
    breaker_rest: key(duration("1ms", "1d"), {
      description: "How long the cache is then left alone.",
      default: "30s",
    }),
    max_result_size: key(size("1B"), {
      description: "Larger results are used and not remembered.",
      default: "16MiB",
      live: true,
    }),
    max_size: unsetKey(size("1B"), {
      description: "What is remembered in all; over it, what was used least recently goes. Unset: no limit.",
      example: "10GiB",
      live: true,
    }),
    gc_interval: key(durationOrNever("1s", "90d"), {
      description:
        "How often a scheduler removes what has expired, is over max_size, or is named by nothing.",
      default: "10m",
    }),
    max_input_size: key(size("1B"), {
      description: "A task with an argument larger than this is not cached: hashing it would hold up others.",
      default: "16MiB",
      live: true,
    }),
    runtime: key(choice("exact", "major"), {
      description:
        "Which versions of Node share results: the very same one, or all of a major version (ICU left out).",
      default: "exact",
    }),
    ordinary_env: key(variableNames, {
      description: "Environment variables that libraries may read in a cached task without declaring them.",
      default:
        "PATH HOME USER LOGNAME SHELL PWD TMPDIR TMP TEMP HOSTNAME NODE_* npm_* UV_* DEBUG DEBUG_* FORCE_COLOR NO_COLOR COLORTERM TERM TERM_* CI",
    }),
  }),
  scheduler: section("How runs are driven.", {
    lease: key(duration("1s", "1d"), {
      description: "How long a run stays with a scheduler that gives no sign of life.",
      default: "30s",
    }),
    poll_interval: key(duration("10ms", "1d"), {
      description: "How often a scheduler looks for runs that nobody told it of.",
      default: "5s",
      live: true,
    }),
    max_runs: key(integer(1, 100_000), {
      description:
        "How many runs one scheduler holds at a time; those that do nothing but wait are not counted.",
      default: 64,
      live: true,
    }),
    shutdown_grace: key(duration("0ms", "1d"), {
      description: "How long running tasks may go on after the scheduler was told to stop.",
      default: "10s",
      live: true,
    }),
    heartbeat_timeout: key(duration("1s", "1d"), {
      description: "How long the process of a task may give no sign of life, computing being one.",
      default: "60s",
    }),
    callback_timeout: key(duration("100ms", "1d"), {
      description: "How long a callback of a task may run.",
      default: "1m",
      live: true,
    }),
  }),
  worker: section("The processes of tasks.", {
    node_options: key(nodeOptions, {
      description:
        "Options of Node for the processes of tasks, such as --max-old-space-size=4096; a task's memory goes before it.",
      default: "",
    }),
  }),
  dag_processor: section("How Dag files are read.", {
    load_timeout: key(duration("1s", "1h"), {
      description: "How long one Dag file may take to load.",
      default: "30s",
    }),
    rescan_interval: key(duration("100ms", "1d"), {
      description: "How often folders are looked through where the file system tells of no changes.",
      default: "30s",
    }),
  }),
  pools: z
    .array(
      z.strictObject({
        name: requiredKey(POOL_NAME, { description: "The pool's name, unique." }),
        slots: requiredKey(integer(1, 1_000_000), {
          description: "How many slots its tasks may hold at a time, in all schedulers together.",
        }),
      }),
    )
    .prefault([])
    .meta({ description: "What tasks share and may use no more of. The same for every scheduler." }),
  variables: z
    .array(
      z.strictObject({
        name: requiredKey(VARIABLE_NAME, {
          description: "The variable's name, unique within its team.",
          example: "region",
        }),
        value: requiredKey(VARIABLE_VALUE, { description: "Its text.", example: "eu-west-3" }),
        team: unsetKey(NAME, {
          description: "The team whose tasks may read it; unset: every team's.",
          example: "ml",
        }),
      }),
    )
    .prefault([])
    .meta({
      description:
        "What tasks read by getClient().getVariable(). MEMODAG_VAR_NAME in the environment goes before them.",
    }),
  bundles: z
    .array(
      z.strictObject({
        name: requiredKey(NAME, { description: "The bundle's name, unique." }),
        path: requiredKey(FOLDER, { description: "The folder of its Dag files." }),
        team: unsetKey(NAME, {
          description: "The team it belongs to: required with multi_team = true, refused without.",
          example: "ml",
        }),
      }),
    )
    .prefault([])
    .meta({ description: "Folders of Dag files." }),
});
