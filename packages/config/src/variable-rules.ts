// What must hold between variables: their names are unique within a team, and among those of every team.

import { type ConfigFault, valueAt } from "./faults.ts";

/** The faults between variables; values that are wrong by themselves are the schema's matter. */
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
    const found = `${JSON.stringify(name)}, the name of variables[${first}]`;
    return [{ path: `variables[${index}].name`, expected: "a name of its own", found }];
  });
}
