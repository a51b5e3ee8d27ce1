// Rules across keys of [[caches]]: unique names within a team, keys that fit the kind, and stores that exist.

import { type ConfigFault, valueAt } from "./faults.ts";
import { knownSections } from "./known-keys.ts";
import { BUILT_IN_STORES } from "./store-rules.ts";

/** Returns the violations of these rules. The schema checks each value on its own. */
export function cacheFaults(document: unknown): ConfigFault[] {
  const caches = valueAt(document, ["caches"]);
  if (!Array.isArray(caches)) return [];
  const names = caches.map((cache: unknown) =>
    JSON.stringify([valueAt(cache, ["name"]), valueAt(cache, ["team"]) ?? null]),
  );
  return caches.flatMap((cache: unknown, index) => {
    const at = `caches[${index}]`;
    return [
      ...nameFaults(cache, names, index),
      ...kindFaults(cache, at),
      ...storeFaults(valueAt(document, ["stores"]), cache, at),
    ];
  });
}

/** Names of undeclared inputs of tasks that are not entries. */
const RESERVED: ReadonlySet<unknown> = new Set(["value", "xcom"]);

/** The kinds share their names: a task does not say which kind it means. */
function nameFaults(cache: unknown, names: readonly string[], index: number): ConfigFault[] {
  const name = valueAt(cache, ["name"]);
  const first = names.indexOf(names[index] ?? "");
  const path = `caches[${index}].name`;
  if (RESERVED.has(name) && valueAt(cache, ["kind"]) === "entries")
    return [{ path, expected: "another name", found: `${JSON.stringify(name)}, which is reserved` }];
  if (name === undefined || first === index) return [];
  const found = `${JSON.stringify(name)}, which is also the name of caches[${first}]`;
  return [{ path, expected: "a unique name", found }];
}

function kindFaults(cache: unknown, at: string): ConfigFault[] {
  const kind = valueAt(cache, ["kind"]);
  const missing = (key: string, expected: string): ConfigFault[] =>
    valueAt(cache, [key]) === undefined ? [{ path: `${at}.${key}`, expected, found: "nothing" }] : [];
  const others = Array.from(knownSections.get("caches")?.keys ?? []).filter(
    ([key, facts]) => facts.of !== undefined && facts.of !== kind && valueAt(cache, [key]) !== undefined,
  );
  return [
    ...(kind === "values" || kind === "entries" ? others : []).map(([key, facts]) => ({
      path: `${at}.${key}`,
      expected: `a key of kind ${JSON.stringify(kind)}`,
      found: `a key of kind ${JSON.stringify(facts.of)}`,
    })),
    ...(kind === "entries" ? missing("scope", '"run", "dag" or "team", for kind "entries"') : []),
    ...(valueAt(cache, ["adapter"]) === "redis"
      ? missing("url", 'the URL of Redis, or url_file, for adapter = "redis"')
      : []),
  ];
}

function storeFaults(stores: unknown, cache: unknown, at: string): ConfigFault[] {
  const store = valueAt(cache, ["store"]);
  if (typeof store !== "string" || BUILT_IN_STORES.has(store)) return [];
  const names = Array.isArray(stores) ? stores.map((one: unknown) => valueAt(one, ["name"])) : [];
  if (names.includes(store)) return [];
  const expected = `${[...BUILT_IN_STORES].map((name) => JSON.stringify(name)).join(", ")} or a name of [[stores]]`;
  return [{ path: `${at}.store`, expected, found: JSON.stringify(store) }];
}
