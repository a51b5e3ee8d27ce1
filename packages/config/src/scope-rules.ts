// Rules across keys of scopes: each is named once, none reads itself, and none reads another one that reads it.

import { type ConfigFault, valueAt } from "./faults.ts";
import { scopeNames } from "./schema/value-types.ts";

/** Returns the violations of these rules. The schema checks each value on its own. */
export function scopeFaults(document: unknown): ConfigFault[] {
  const own = valueAt(document, ["scope", "name"]) ?? "default";
  if (typeof own !== "string") return [];
  const listed = valueAt(document, ["scopes"]);
  const others = Array.isArray(listed) ? listed : [];
  const names = others.map((scope: unknown) => valueAt(scope, ["name"]));
  const reads = new Map<unknown, readonly string[]>([[own, namesAt(document, ["scope", "reads"])]]);
  const faults: ConfigFault[] = [
    ...ownNameFaults(document, own, "reads"),
    ...ownNameFaults(document, own, "owns"),
    ...readOnlyFaults(document, others),
  ];
  for (const [index, scope] of others.entries()) {
    const [name, path] = [names[index], `scopes[${index}].name`];
    const found = JSON.stringify(name);
    if (name === own) faults.push({ path, expected: "another name than that of [scope]", found });
    else if (names.indexOf(name) !== index) faults.push({ path, expected: "a unique name", found });
    else reads.set(name, namesAt(scope, ["reads"]));
  }
  for (const name of reads.keys()) {
    const circle = findCircle(reads, name);
    if (circle === undefined || (name === own && circle.length === 2)) continue;
    const path = name === own ? "scope.reads" : `scopes[${names.indexOf(name)}].reads`;
    faults.push({ path, expected: "no circle of scopes", found: circle.join(" → ") });
  }
  return faults;
}

function ownNameFaults(document: unknown, own: string, key: "reads" | "owns"): ConfigFault[] {
  const names = namesAt(document, ["scope", key]);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  const path = `scope.${key}`;
  return [
    ...(names.includes(own) ? [{ path, expected: "other scopes", found: `"${own}", its own name` }] : []),
    ...(twice === undefined ? [] : [{ path, expected: "each scope once", found: `"${twice}" twice` }]),
  ];
}

/** A scope in another database is only read. */
function readOnlyFaults(document: unknown, others: readonly unknown[]): ConfigFault[] {
  const owns = namesAt(document, ["scope", "owns"]);
  const outside = others.filter((scope) => valueAt(scope, ["database"]) !== undefined);
  const names = outside.map((scope) => valueAt(scope, ["name"]));
  return owns
    .filter((name) => names.includes(name))
    .map((name) => ({
      path: "scope.owns",
      expected: "scopes of this deployment's cache",
      found: `"${name}", which is in another database`,
    }));
}

/** The way from a scope to itself, if there is one. */
function findCircle(
  reads: ReadonlyMap<unknown, readonly string[]>,
  from: unknown,
): readonly unknown[] | undefined {
  const seen = new Set<unknown>();
  const ways: (readonly unknown[])[] = [[from]];
  for (const way of ways) {
    for (const next of reads.get(way.at(-1)) ?? []) {
      if (next === from) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

function namesAt(document: unknown, path: readonly string[]): readonly string[] {
  const read = scopeNames.read(valueAt(document, path) ?? []);
  return typeof read === "symbol" ? [] : read;
}
