// The entry point of a process that calls key functions of one artifact: it answers until its channel closes.
//
// It is the leader of its process group, which ends with it. Never opens a database.

import { join } from "node:path";
import { digestInput, digestVariable, loadArtifact } from "@memodag/artifact";
import {
  assembleSharedArguments,
  messageOf,
  type DagInputs,
  type JsonValue,
  type KeyAnswer,
  type LoadedPackage,
} from "@memodag/core";
import type { Dag } from "@memodag/sdk";
import { callKeyFunction, listKeyFunctions } from "@memodag/sdk/runtime";
import { FrameChannel } from "../frame-channel.ts";
import { fromAskFrame, type AskKeys, type SomeAnswers } from "../key-protocol.ts";
import { CHANNEL_FD } from "../protocol.ts";
import { listOfOthers } from "./run-attempt.ts";
import { shareSdk } from "./share-sdk.ts";
import { guardOutput } from "./worker-log.ts";

/** Calls under way at once, of functions that wait for something. */
const LANES = 16;

/** Milliseconds after which answers are sent: a call that hangs keeps back few of them. */
const SEND_AFTER_MS = 10;

// Key functions may replace members of `process`, so this process keeps its own.
const kill = process.kill.bind(process);

shareSdk();
guardOutput();

const { Socket } = process.getBuiltinModule("node:net");
const end = (): void => void kill(-process.pid, "SIGKILL");
const channel = new FrameChannel(new Socket({ fd: CHANNEL_FD }), {
  onFrame: (frame) => void answer(fromAskFrame(frame)),
  onBroken: end,
  onClose: end,
});

interface Loaded {
  readonly dags: readonly Dag[];
  listPackages(): LoadedPackage[];
}

let loading: Promise<Loaded> | undefined;
let saidPackages = "";

async function load({ artifactPath, baseDir, bundleDir, inputs }: AskKeys): Promise<Loaded> {
  const { dags, listPackageFolders } = await loadArtifact({ path: artifactPath, baseDir });
  // After loading, which may have read them.
  requireInputs(bundleDir, inputs);
  return { dags, listPackages: () => listOfOthers(listPackageFolders()) };
}

/** The source hashes of key functions contain these inputs. */
function requireInputs(bundleDir: string, inputs: DagInputs | undefined): void {
  const file = inputs?.files.find(([path, digest]) => digestInput(join(bundleDir, path)) !== digest);
  // The list of all names is another one in each process; a variable that was read then is named itself.
  const variable = inputs?.env.find(
    ([name, digest]) => name !== "*" && digestVariable(process.env, name) !== digest,
  );
  const changed = file ? `file ${file[0]}` : variable && `variable ${variable[0]}`;
  if (changed !== undefined) throw new Error(`${changed} is not what it was when the Dag file was read`);
}

async function answer(ask: AskKeys): Promise<void> {
  const { id, questions } = ask;
  let loaded: Loaded;
  try {
    loaded = await (loading ??= load(ask));
  } catch (error) {
    const failed: KeyAnswer = { kind: "failed", what: messageOf(error) };
    channel.send(frameOf({ id, answers: questions.map((_, index) => [index, failed]) }, []));
    return;
  }
  const dag = loaded.dags.find(({ dagId }) => dagId === ask.dagId);
  const functions = dag ? listKeyFunctions(dag) : new Map<string, never>();
  const parsed = new Map<string, JsonValue>();
  const answered: (readonly [number, KeyAnswer])[] = [];
  let sentAt = performance.now();
  const flush = (): void => {
    if (answered.length === 0) return;
    channel.send(frameOf({ id, answers: answered.splice(0) }, loaded.listPackages()));
    sentAt = performance.now();
  };
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < questions.length; index = next++) {
      if (performance.now() - sentAt > SEND_AFTER_MS) {
        flush();
        // Lets the answers leave, and the other lanes go on.
        await new Promise((resolve) => setImmediate(resolve));
      }
      const question = questions[index];
      if (question) answered.push([index, await call(question)]);
    }
  };
  const call = async ({ taskId, args, context }: AskKeys["questions"][number]): Promise<KeyAnswer> => {
    try {
      const given = assembleSharedArguments({ args, results: ask.results }, parsed);
      return await callKeyFunction(functions.get(taskId), given, context);
    } catch (error) {
      return { kind: "failed", what: messageOf(error) };
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  flush();
}

function frameOf(said: SomeAnswers, packages: readonly LoadedPackage[]) {
  const text = JSON.stringify(packages);
  const isNews = text !== saidPackages;
  saidPackages = text;
  return { message: isNews ? { ...said, packages } : said, blobs: [] };
}
