// Rules across keys of bundles: unique names, and teams that match multi_team.

import { type ConfigFault, valueAt } from "./faults.ts";

/** Returns the violations of these rules. The schema checks each value on its own. */
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
        expected: "a unique name",
        found: `${JSON.stringify(name)}, which is also the name of bundles[${first}]`,
      });
    } else firstByName.set(name, index);
    const teamFault = findTeamFault(valueAt(bundle, ["team"]), isMultiTeam);
    if (teamFault !== undefined) faults.push({ path: `bundles[${index}].team`, ...teamFault });
    return faults;
  });
}

function findTeamFault(team: unknown, isMultiTeam: boolean): Omit<ConfigFault, "path"> | undefined {
  if (isMultiTeam && team === undefined) {
    return { expected: "a team, because core.multi_team is true", found: "nothing" };
  }
  if (!isMultiTeam && team !== undefined) {
    return { expected: "no team, because core.multi_team is false", found: JSON.stringify(team) };
  }
  return undefined;
}
