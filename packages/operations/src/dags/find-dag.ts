// Finds the Dag of an id, or reports a helpful error.

import { findNearest, DEFAULT_TEAM, MemodagError, type DagStore, type DagVersion } from "@memodag/core";

/** The id of a Dag and, if several teams have it, its team. */
export interface DagName {
  readonly dagId: string;
  readonly team?: string | undefined;
}

/**
 * The latest version of a Dag.
 * @throws MemodagError `dag_not_found`, naming near misses; `dag_ambiguous` when `--team` is needed.
 */
export async function getDag(dags: DagStore, { dagId, team }: DagName): Promise<DagVersion> {
  const versions = await dags.findDagVersions(dagId, team);
  const [version] = versions;
  if (version === undefined) throw await dagNotFound(dags, { dagId, team });
  if (versions.length > 1) throw dagAmbiguous(dagId, versions);
  return version;
}

/**
 * The team of a Dag that may have been deleted while its runs are kept.
 * @throws MemodagError `dag_ambiguous` when `--team` is needed.
 */
export async function findTeam(dags: DagStore, { dagId, team }: DagName): Promise<string> {
  if (team !== undefined) return team;
  // Reads no version: a run can be shown and cancelled when the version of its Dag is damaged.
  const found = (await dags.listDags()).filter((dag) => dag.dagId === dagId);
  if (found.length > 1) throw dagAmbiguous(dagId, found);
  return found[0]?.team ?? DEFAULT_TEAM;
}

async function dagNotFound(dags: DagStore, { dagId, team }: DagName): Promise<MemodagError> {
  const known = await dags.listDags(team);
  const broken = (await dags.listDagFiles()).filter(
    (file) => file.error !== null && (team === undefined || file.team === team),
  );
  const nearest = findNearest(
    dagId,
    known.map((dag) => dag.dagId),
  );
  const hints = [
    ...(nearest === undefined ? [] : [`did you mean "${nearest}"?`]),
    "`memodag dags list` lists the Dags there are",
    ...(broken.length === 0
      ? []
      : [`${broken.length} Dag file(s) could not be read: \`memodag dags errors\``]),
  ];
  const ofTeam = team === undefined ? "" : ` of team "${team}"`;
  return new MemodagError("dag_not_found", `There is no Dag "${dagId}"${ofTeam}: ${hints.join("; ")}`, {
    fields: { dagId, nearest: nearest ?? null },
  });
}

function dagAmbiguous(dagId: string, versions: readonly Pick<DagVersion, "team">[]): MemodagError {
  const teams = versions.map(({ team }) => team).sort();
  return new MemodagError(
    "dag_ambiguous",
    `Teams ${teams.join(", ")} each have a Dag "${dagId}": choose one with --team`,
    { fields: { dagId, teams } },
  );
}
