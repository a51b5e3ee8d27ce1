// The thread that inspects files, programs and packages, so that reading them never blocks scheduling.

import { parentPort } from "node:worker_threads";
import { DigestMemory } from "./digest-memory.ts";
import { FileLooker, type FilesAnswer, type FilesOrder } from "./look-at-files.ts";
import { PackageLooker, type PackagesAnswer, type PackagesOrder } from "./look-at-packages.ts";
import { lookAtProgram, type ProgramAnswer, type ProgramOrder } from "./look-at-program.ts";

/** A request to the thread. */
export type LookOrder =
  | { readonly id: number; readonly files: FilesOrder }
  | { readonly id: number; readonly program: ProgramOrder }
  | { readonly id: number; readonly packages: PackagesOrder };

/** Its response. */
export interface LookAnswer {
  readonly id: number;
  readonly answer: FilesAnswer | ProgramAnswer | PackagesAnswer;
}

const memory = new DigestMemory(Date.now);
const files = new FileLooker(memory);
const packages = new PackageLooker({ now: Date.now });

parentPort?.on("message", (order: LookOrder) => {
  parentPort?.postMessage({ id: order.id, answer: answerTo(order) } satisfies LookAnswer, []);
});

function answerTo(order: LookOrder): LookAnswer["answer"] {
  if ("files" in order) return files.look(order.files);
  if ("packages" in order) return packages.look(order.packages);
  return lookAtProgram(order.program, memory);
}
