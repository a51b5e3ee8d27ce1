// The thread that looks at files and programs, so that reading them never holds up scheduling.

import { parentPort } from "node:worker_threads";
import { DigestMemory } from "./digest-memory.ts";
import { FileLooker, type FilesAnswer, type FilesOrder } from "./look-at-files.ts";
import { lookAtProgram, type ProgramAnswer, type ProgramOrder } from "./look-at-program.ts";

/** What is asked of the thread. */
export type LookOrder =
  | { readonly id: number; readonly files: FilesOrder }
  | { readonly id: number; readonly program: ProgramOrder };

/** What it answers. */
export interface LookAnswer {
  readonly id: number;
  readonly answer: FilesAnswer | ProgramAnswer;
}

const memory = new DigestMemory(Date.now);
const files = new FileLooker(memory);

parentPort?.on("message", (order: LookOrder) => {
  const answer = "files" in order ? files.look(order.files) : lookAtProgram(order.program, memory);
  parentPort?.postMessage({ id: order.id, answer } satisfies LookAnswer, []);
});
