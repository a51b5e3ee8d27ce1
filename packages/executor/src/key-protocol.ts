// The messages between the scheduler's side and a process that calls key functions. The process runs user code, so its
// messages are validated.

import { isAbsolute } from "node:path";
import {
  LONGEST_KEY_ANSWER,
  type AttemptResult,
  type DagInputs,
  type KeyAnswer,
  type KeyQuestion,
  type LoadedPackage,
} from "@memodag/core";
import type { Frame } from "./frame.ts";
import { fromPlaced, toPlaced, type PlacedResults } from "./placed-results.ts";

/** Questions for one process. All of a process are about the same artifact. */
export interface AskKeys {
  readonly id: number;
  readonly dagId: string;
  readonly artifactPath: string;
  readonly bundleDir: string;
  /** Folder of the Dag file, from which the artifact's imports resolve. */
  readonly baseDir: string;
  readonly inputs: DagInputs | undefined;
  readonly questions: readonly KeyQuestion[];
  readonly results: ReadonlyMap<string, AttemptResult>;
}

/** Some answers, by the index of their question. */
export interface SomeAnswers {
  readonly id: number;
  readonly answers: readonly (readonly [index: number, answer: KeyAnswer])[];
  /** All packages loaded so far. Absent: as said before. */
  readonly packages?: readonly LoadedPackage[];
}

/** Encodes questions. */
export function toAskFrame({ results, ...ask }: AskKeys): Frame {
  const placed = toPlaced(results);
  return { message: { ...ask, results: placed.results }, blobs: placed.blobs };
}

/** Decodes questions, which the process trusts. */
export function fromAskFrame({ message, blobs }: Frame): AskKeys {
  const ask = message as Omit<AskKeys, "results"> & { readonly results: PlacedResults };
  return { ...ask, results: fromPlaced(ask.results, blobs) };
}

/** Decodes and validates answers; undefined if they are invalid. */
export function fromAnswersFrame({ message }: Frame): SomeAnswers | undefined {
  if (!isRecord(message)) return undefined;
  const { id, answers, packages } = message;
  if (typeof id !== "number" || !Array.isArray(answers)) return undefined;
  const read = (answers as unknown[]).map(readEntry);
  if (!read.every((entry) => entry !== undefined)) return undefined;
  if (packages === undefined) return { id, answers: read };
  return Array.isArray(packages) && packages.every(isPackage) ? { id, answers: read, packages } : undefined;
}

function readEntry(entry: unknown): readonly [number, KeyAnswer] | undefined {
  if (!Array.isArray(entry) || !Number.isSafeInteger(entry[0])) return undefined;
  const answer = readAnswer(entry[1]);
  return answer && [entry[0] as number, answer];
}

function readAnswer(answer: unknown): KeyAnswer | undefined {
  if (!isRecord(answer)) return undefined;
  const { kind, json, what } = answer;
  if (kind === "none") return { kind };
  if (kind === "failed" && typeof what === "string") return { kind, what: storable(what) };
  return kind === "key" && isAnswer(json) ? { kind, json } : undefined;
}

function isAnswer(json: unknown): json is string {
  if (typeof json !== "string" || json.length > LONGEST_KEY_ANSWER || json !== storable(json)) return false;
  try {
    JSON.parse(json);
    return true;
  } catch {
    return false;
  }
}

function isPackage(value: unknown): value is LoadedPackage {
  if (!isRecord(value)) return false;
  const { name, version, folder } = value;
  return (
    typeof name === "string" &&
    typeof version === "string" &&
    typeof folder === "string" &&
    isAbsolute(folder)
  );
}

/** As every database accepts it. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
