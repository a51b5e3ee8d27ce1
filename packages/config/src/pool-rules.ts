// Rules across keys of pools: unique names.

import { type ConfigFault, valueAt } from "./faults.ts";

/** Returns the violations of these rules. The schema checks each value on its own. */
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
        expected: "a unique name",
        found: `${JSON.stringify(name)}, which is also the name of pools[${first}]`,
      },
    ];
  });
}
