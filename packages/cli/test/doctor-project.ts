// Projects that doctor looks at, and what it finds in them.

import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "@memodag/deployment/doctor";
import { Project } from "./project.ts";

const BUNDLE = '[[bundles]]\nname = "dags"\npath = "dags"\n';

/** A project whose Dag files can all be read. */
export function soundProject(config = ""): Project {
  const project = new Project(config + BUNDLE);
  rmSync(join(project.folder, "dags/broken.ts"));
  return project;
}

/** What `doctor --json` prints. */
export interface Answer {
  readonly ok: boolean;
  readonly checks: readonly Finding[];
}

/** What doctor finds, less what is well. */
export async function findFaults(project: Project): Promise<string[]> {
  const { checks } = await project.json<Answer>("doctor");
  return checks.flatMap(({ status, check, message }) =>
    status === "ok" ? [] : [`${status} ${check}: ${message}`],
  );
}
