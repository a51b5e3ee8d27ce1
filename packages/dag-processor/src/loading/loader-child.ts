// The process that reads one Dag file: loads its artifact, serialises its Dags, answers, and is ended.

import { artifactUrlOf, loadArtifact, shareSdk } from "@memodag/artifact";
import { MemodagError } from "@memodag/core";
import { listHandlers, listTaskIds, serializeDag } from "@memodag/sdk/runtime";
import { locateHandlers } from "@memodag/source-hash";
import { checkDag } from "./check-dag.ts";
import { handlerKey } from "./loader-messages.ts";
import type { LoadAnswer, LoaderStarted, LoadRequest, ThrownError } from "./loader-messages.ts";

// The build puts both into one folder, with the SDK that they share beside them.
shareSdk(new URL("./sdk.js", import.meta.url).href);

// The frame that matters may lie deep under the SDK's.
Error.stackTraceLimit = 100;

process.once("message", (request) => void answer(request as LoadRequest));
process.once("uncaughtException", (error) => say({ kind: "threw", error: describe(error) }));
// Comes when nothing is left to wait for, and not from process.exit().
process.once("beforeExit", () => say({ kind: "stalled" }));

async function answer({ path, digest, baseDir }: LoadRequest): Promise<void> {
  say({ kind: "started" });
  try {
    const { dags, exports, listPackages } = await loadArtifact({ path, baseDir });
    const serialized = dags.map((dag) => {
      const sourceHashes = new Map(listTaskIds(dag).map((taskId) => [taskId, ""]));
      return serializeDag(dag, { artifactDigest: digest, sourceHashes });
    });
    for (const dag of serialized) await checkDag(dag);
    say({
      kind: "loaded",
      dags: serialized,
      exportsFunction: Object.values(exports).some((value) => typeof value === "function"),
      packages: listPackages(),
      located: locateHandlers(
        new Map(
          dags.flatMap((dag) =>
            Array.from(
              listHandlers(dag),
              ([taskId, handler]) => [handlerKey(dag.dagId, taskId), handler] as const,
            ),
          ),
        ),
        { isArtifact: (candidate) => candidate === artifactUrlOf({ path, baseDir }) },
      ),
    });
  } catch (error) {
    say({ kind: "threw", error: describe(error) });
  }
}

/** Sends a message; the first answer is heard, and this process ended. */
function say(message: LoaderStarted | LoadAnswer): void {
  process.send?.(message);
}

function describe(error: unknown): ThrownError {
  if (!(error instanceof Error)) {
    return { name: typeof error, message: String(error), code: null, dagId: null, stack: "" };
  }
  const isNamed = error instanceof MemodagError;
  const dagId = isNamed ? error.fields.dagId : null;
  return {
    name: error.name,
    message: error.message,
    code: isNamed ? error.code : null,
    dagId: typeof dagId === "string" ? dagId : null,
    stack: error.stack ?? "",
  };
}
