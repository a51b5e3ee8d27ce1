// Rules across keys of variables: names are unique within a team, and among the variables of all teams.

import { type ConfigFault, valueAt } from "./faults.ts";

/** Returns the violations of these rules. The schema checks each value on its own. */
export function variableFaults(document: unknown): ConfigFault[] {
  const variables = valueAt(document, ["variables"]);
  if (!Array.isArray(variables)) return [];
  const keys = variables.map((variable: unknown) =>
    JSON.stringify([valueAt(variable, ["name"]), valueAt(variable, ["team"]) ?? null]),
  );
  return keys.flatMap((key, index) => {
    const first = keys.indexOf(key);
    const name = valueAt(variables[index], ["name"]);
    if (name === undefined || first === index) return [];
    const found = `${JSON.stringify(name)}, which is also the name of variables[${first}]`;
    return [{ path: `variables[${index}].name`, expected: "a unique name", found }];
  });
}
