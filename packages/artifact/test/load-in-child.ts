// Loads artifacts in processes of their own, as the Dag processor and workers do.

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ArtifactLocation, LoadedPackage } from "../src/index.ts";

const CHILD = fileURLToPath(new URL("fixtures/load-child.js", import.meta.url));

/** What a child that loaded an artifact says of it. */
export type LoadReport =
  | {
      readonly kind: "loaded";
      readonly digest: string;
      readonly dagIds: readonly string[];
      readonly packages: readonly LoadedPackage[];
      readonly probed: unknown;
    }
  | {
      readonly kind: "failed";
      readonly code: string | null;
      readonly message: string;
      readonly stack: string;
    };

/** Loads in a child; `probe` names a global function of the artifact that is called after. */
export async function loadInChild(location: ArtifactLocation & { probe?: string }): Promise<LoadReport> {
  const child = fork(CHILD, { execArgv: ["--enable-source-maps"] });
  child.send(location);
  const [[report]] = await Promise.all([once(child, "message"), once(child, "exit")]);
  return report as LoadReport;
}
