// Finds what the attempts of the tasks of a project would leave in their process.

import type { KeptInProcess } from "@memodag/source-hash";
import { hashSources } from "@memodag/source-hash";
import type { ProjectFiles } from "../support/bundle-project.ts";
import { loadProject } from "../support/hash-project.ts";

/** Returns what is found for each task of a Dag file, by its key such as `d.t`. */
export async function keptStateOf(
  files: ProjectFiles,
  entry = "dag.ts",
): Promise<ReadonlyMap<string, readonly KeptInProcess[]>> {
  const request = await loadProject(files, { entry });
  const reused = new Set(request.located.handlers.map(([key]) => key));
  return hashSources({ ...request, reused }).kept;
}
