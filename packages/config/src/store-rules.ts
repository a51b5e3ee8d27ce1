// Rules across keys of stores: unique names, and keys that fit the kind.

import { type ConfigFault, valueAt } from "./faults.ts";
import { formatKeyPath, type KeyPath } from "./known-keys.ts";

/** The keys of each kind beside `name` and `kind`, the required ones first. */
interface KindKeys {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

const KINDS: Readonly<Record<string, KindKeys>> = {
  "metadata-db": { required: [], optional: [] },
  memory: { required: [], optional: [] },
  filesystem: { required: ["path"], optional: [] },
  s3: {
    required: ["bucket"],
    optional: ["prefix", "region", "endpoint", "checksums", "credentials_file", "profile"],
  },
  gcs: { required: ["bucket"], optional: ["prefix", "endpoint", "credentials_file"] },
  // The file's content is in its place by now.
  redis: { required: ["url"], optional: ["url_file", "prefix"] },
};

/** Stores of bytes that are there without an element of [[stores]]. */
export const BUILT_IN_STORES: ReadonlySet<string> = new Set(["metadata-db", "memory", "filesystem"]);

const MODULE: KindKeys = { required: [], optional: ["options"] };

/** Names that mean something else where a store is named; `database` is in stored references. */
const RESERVED: ReadonlySet<unknown> = new Set([...Object.keys(KINDS), "database"]);

/** Returns the violations of these rules. The schema checks each value on its own. */
export function storeFaults(document: unknown): ConfigFault[] {
  const stores = valueAt(document, ["stores"]);
  if (!Array.isArray(stores)) return [];
  const caches = valueAt(document, ["caches"]);
  const ofCaches = Array.isArray(caches) ? caches.map((_, index): KeyPath => ["caches", index, "store"]) : [];
  return [
    ...ownFaults(stores),
    ...[["job_cache", "store"], ...ofCaches].flatMap((path) => forgetfulFaults(document, stores, path)),
    ...[...SHARED_KEYS, ...ofCaches].flatMap((path) => teamFaults(document, stores, path)),
  ];
}

function ownFaults(stores: readonly unknown[]): ConfigFault[] {
  const names = stores.map((store: unknown) => valueAt(store, ["name"]));
  return stores.flatMap((store: unknown, index) => {
    const at = `stores[${index}]`;
    return [...nameFaults(names, index, at), ...kindFaults(store, at)];
  });
}

/** Entries are data, which a store of this kind may forget. */
function forgetfulFaults(document: unknown, stores: readonly unknown[], path: KeyPath): ConfigFault[] {
  const [name, store] = namedStore(document, stores, path);
  if (valueAt(store, ["kind"]) !== "redis") return [];
  const found = `${JSON.stringify(name)}, a store of kind "redis"`;
  return [{ path: formatKeyPath(path), expected: "a store that keeps what it has", found }];
}

/** The keys that name stores of every team. */
const SHARED_KEYS: readonly KeyPath[] = [
  ["core", "task_cache_backend"],
  ["task_cache", "result_store"],
  ["task_cache", "lock_store"],
  ["job_cache", "store"],
];

/** A store of a team is for what is that team's, such as a cache of its own. */
function teamFaults(document: unknown, stores: readonly unknown[], path: KeyPath): ConfigFault[] {
  const [name, store] = namedStore(document, stores, path);
  const team = valueAt(store, ["team"]);
  const user = valueAt(document, [...path.slice(0, -1), "team"]);
  if (team === undefined || team === user) return [];
  const found = `${JSON.stringify(name)}, a store of team ${JSON.stringify(team)}`;
  const expected = user === undefined ? "a store of every team" : "a store of every team or of the cache's";
  return [{ path: formatKeyPath(path), expected, found }];
}

/** The name at a path, and the store that has it. */
function namedStore(document: unknown, stores: readonly unknown[], path: KeyPath): [unknown, unknown] {
  const name = valueAt(document, path);
  return [name, stores.find((each) => name !== undefined && valueAt(each, ["name"]) === name)];
}

function nameFaults(names: readonly unknown[], index: number, at: string): ConfigFault[] {
  const name = names[index];
  if (name === undefined) return [];
  const first = names.indexOf(name);
  const path = `${at}.name`;
  if (first !== index) {
    const found = `${JSON.stringify(name)}, which is also the name of stores[${first}]`;
    return [{ path, expected: "a unique name", found }];
  }
  if (!RESERVED.has(name)) return [];
  return [{ path, expected: "a name that is no kind of store", found: JSON.stringify(name) }];
}

function kindFaults(store: unknown, at: string): ConfigFault[] {
  const kind = valueAt(store, ["kind"]);
  if (typeof kind !== "string" || typeof store !== "object" || store === null) return [];
  const { required, optional } = KINDS[kind] ?? MODULE;
  const written = Object.keys(store);
  const missing = required
    .filter((key) => valueAt(store, [key]) === undefined || valueAt(store, [key]) === "")
    // A file that cannot be read is a fault of its own.
    .filter((key) => valueAt(store, [`${key}_file`]) === undefined)
    .map((key) => ({ path: `${at}.${key}`, expected: `a value, for kind "${kind}"`, found: "nothing" }));
  const allowed = new Set(["name", "kind", "team", ...required, ...optional]);
  const other = written
    .filter((key) => ALL_KEYS.has(key) && !allowed.has(key))
    .map((key) => ({
      path: `${at}.${key}`,
      expected: `a key of kind "${kind}": ${[...required, ...optional].join(", ") || "it has none"}`,
      found: "a key of another kind",
    }));
  return [...missing, ...other];
}

/** Unknown keys are the schema's matter. */
const ALL_KEYS: ReadonlySet<string> = new Set(
  [...Object.values(KINDS), MODULE].flatMap(({ required, optional }) => [...required, ...optional]),
);
