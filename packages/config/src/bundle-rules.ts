// What must hold between keys: teams follow multi_team, bundle names are unique.

import { type ConfigFault, valueAt } from "./faults.ts";

/** The faults between keys; values that are wrong by themselves are the schema's matter. */
export function bundleFaults(document: unknown): ConfigFault[] {
  const bundles = valueAt(document, ["bundles"]);
  if (!Array.isArray(bundles)) return [];
  const isMultiTeam = valueAt(document, ["core", "multi_team"]) === true;
  const firstByName = new Map<unknown, number>();
  return bundles.flatMap((bundle: unknown, index) => {
    const faults: ConfigFault[] = [];
    const name = valueAt(bundle, ["name"]);
    const first = firstByName.get(name);
    if (name !== undefined && first !== undefined) {
      faults.push({
        path: `bundles[${index}].name`,
        expected: "a name of its own",
        found: `${JSON.stringify(name)}, the name of bundles[${first}]`,
      });
    } else firstByName.set(name, index);
    const teamFault = findTeamFault(valueAt(bundle, ["team"]), isMultiTeam);
    if (teamFault !== undefined) faults.push({ path: `bundles[${index}].team`, ...teamFault });
    return faults;
  });
}

function findTeamFault(team: unknown, isMultiTeam: boolean): Omit<ConfigFault, "path"> | undefined {
  if (isMultiTeam && team === undefined) {
    return { expected: "a team, as core.multi_team is true", found: "nothing" };
  }
  if (!isMultiTeam && team !== undefined) {
    return { expected: "no team unless core.multi_team is true", found: JSON.stringify(team) };
  }
  return undefined;
}
