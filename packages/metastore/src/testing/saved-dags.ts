// Dags without code of their own, saved for tests.

import { sha256, type Artifact, type DagFile, type SerializedDag } from "@memodag/core";
import { serializedDag as dagOf } from "@memodag/core/testing";
import type { Metastore } from "../open-metastore.ts";

/** The artifact of every Dag here. */
export const artifact: Artifact = { digest: sha256("code"), code: new TextEncoder().encode("code") };

/** A serialized Dag without tasks. */
export function serializedDag(dagId: string, changes: Partial<SerializedDag> = {}): SerializedDag {
  return dagOf(dagId, { artifactDigest: artifact.digest, ...changes });
}

/** A Dag file as it is saved. */
export function dagFile(path: string, team = "red", bundle = "main"): Omit<DagFile, "error" | "processedAt"> {
  return { bundle, path, team, fingerprint: "f1", inputs: "{}", warnings: ["slow import"] };
}

/** Saves a Dag in a file of its own and resolves to its version's id. */
export async function saveDag(
  { dags }: Pick<Metastore, "dags">,
  dagId: string,
  team = "red",
  changes: Partial<SerializedDag> = {},
): Promise<number> {
  const file = dagFile(`${dagId}.ts`, team, team);
  await dags.saveDagFile({
    kind: "read",
    file,
    artifact,
    dags: [serializedDag(dagId, changes)],
    sources: [],
  });
  const [version] = await dags.findDagVersions(dagId, team);
  if (!version) throw new Error("the Dag was not saved");
  return version.id;
}
