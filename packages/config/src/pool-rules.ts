// What must hold between pools: their names are unique.

import { type ConfigFault, valueAt } from "./faults.ts";

/** The faults between pools; values that are wrong by themselves are the schema's matter. */
export function poolFaults(document: unknown): ConfigFault[] {
  const pools = valueAt(document, ["pools"]);
  if (!Array.isArray(pools)) return [];
  const names = pools.map((pool: unknown) => valueAt(pool, ["name"]));
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (name === undefined || first === index) return [];
    return [
      {
        path: `pools[${index}].name`,
        expected: "a name of its own",
        found: `${JSON.stringify(name)}, the name of pools[${first}]`,
      },
    ];
  });
}
