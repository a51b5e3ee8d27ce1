// Rules across keys of [[dag_retention]]: one table for each Dag of a team.

import { type ConfigFault, valueAt } from "./faults.ts";

/** Returns the violations of these rules. The schema checks each value on its own. */
export function retentionFaults(document: unknown): ConfigFault[] {
  const tables = valueAt(document, ["dag_retention"]);
  if (!Array.isArray(tables)) return [];
  const names = tables.map((table: unknown) =>
    JSON.stringify([valueAt(table, ["dag"]), valueAt(table, ["team"]) ?? null]),
  );
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    const dag = valueAt(tables[index], ["dag"]);
    if (dag === undefined || first === index) return [];
    const found = `${JSON.stringify(dag)}, which dag_retention[${first}] is about`;
    return [{ path: `dag_retention[${index}].dag`, expected: "another Dag or team", found }];
  });
}
