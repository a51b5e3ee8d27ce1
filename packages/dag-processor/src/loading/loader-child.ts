// The process that loads one Dag file: it loads the artifact, serializes the Dags, answers, and is ended.

import { fileURLToPath } from "node:url";
import { artifactUrlOf, loadArtifact, shareSdk } from "@memodag/artifact";
import { MemodagError, secretTest } from "@memodag/core";
import {
  listHandlers,
  listKeyFunctions,
  listResultSchemas,
  listTaskIds,
  serializeDag,
} from "@memodag/sdk/runtime";
import { locateHandlers } from "@memodag/source-hash";
import { AnswerChannel } from "./answer-channel.ts";
import { checkDag } from "./check-dag.ts";
import { Intrinsics } from "./intrinsics.ts";
import { InputNotes } from "./note-inputs.ts";
import { handlerKey, keyFunctionKey } from "./loader-messages.ts";
import type { LoadRequest, ThrownError } from "./loader-messages.ts";

// The build puts both into one folder, with the SDK that they share.
shareSdk(new URL("./sdk.js", import.meta.url).href);

// The relevant frame may be deep below frames of the SDK.
Error.stackTraceLimit = 100;

/** memodag's own packages, if they are not installed in a node_modules. */
const packagesFolder = fileURLToPath(new URL("../../..", import.meta.url));
const isOwnCode = (file: string): boolean =>
  file.startsWith(packagesFolder) && /^[^/\\]+[/\\](?:dist|src)[/\\]/.test(file.slice(packagesFolder.length));

const request = AnswerChannel.readRequest();
const channel = new AnswerChannel(request);
const intrinsics = new Intrinsics();

process.once("uncaughtException", (error) => fail(error));
// Emitted if nothing is left to wait for, but not by process.exit().
process.once("beforeExit", () => channel.answer({ kind: "stalled" }));
await load(request);

async function load({ path, digest, baseDir, secretPatterns }: LoadRequest): Promise<void> {
  channel.start();
  const isSecret = secretTest(secretPatterns);
  try {
    let notes: InputNotes | undefined;
    const artifactUrl = artifactUrlOf({ path, baseDir });
    const { dags, exports, listPackageFolders } = await loadArtifact(
      { path, baseDir },
      {
        onImporting: () => (notes = new InputNotes({ artifactUrl, isOwnCode })),
        onImported: () => {
          notes?.stop();
          restoreIntrinsics();
        },
      },
    );
    if (!notes) throw new Error("the artifact was loaded without being watched");
    const serialized = dags.map((dag) => {
      const sourceHashes = new Map(listTaskIds(dag).map((taskId) => [taskId, ""]));
      return serializeDag(dag, { artifactDigest: digest, sourceHashes, keyHashes: sourceHashes });
    });
    for (const dag of serialized) await checkDag(dag, isSecret);
    channel.answer({
      kind: "loaded",
      dags: serialized,
      exportsFunction: Object.values(exports).some((value) => typeof value === "function"),
      packages: listPackageFolders(),
      noted: notes.list(),
      located: locateHandlers(
        new Map(
          dags.flatMap((dag) =>
            Array.from(
              [...listHandlers(dag), ...listResultSchemas(dag)],
              ([taskId, code]): [string, object] => [handlerKey(dag.dagId, taskId), code],
            ).concat(
              Array.from(listKeyFunctions(dag), ([taskId, code]) => [
                keyFunctionKey(dag.dagId, taskId),
                code,
              ]),
            ),
          ),
        ),
        { isArtifact: (candidate) => candidate === artifactUrl },
      ),
    });
  } catch (error) {
    fail(error);
  }
}

/** The Dags are serialized with the original built-ins, whatever the file did to them. */
function restoreIntrinsics(): void {
  const lost = intrinsics.restore();
  if (lost === null) return;
  throw new MemodagError(
    "dag_file_invalid",
    `The file permanently replaced ${lost} while it was read, which is needed to serialize its Dags: ` +
      "leave it as it is, or make the change in a task",
  );
}

function fail(error: unknown): void {
  intrinsics.restore();
  channel.answer({ kind: "threw", error: describe(error) });
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
