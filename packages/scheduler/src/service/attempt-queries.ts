// Answers the queries of running attempts, from the stores and the config of this scheduler.

import {
  askStore,
  readHumanRequest,
  type Attempt,
  type AttemptQueries,
  type HumanQuestion,
  type HumanStore,
  type OpenXCom,
  type RunStore,
  type StoredRequest,
  type XCom,
  type XComAddress,
} from "@memodag/core";
import type { AttemptValueCaches } from "./attempt-value-caches.ts";
import { checkedChunks, lastHeldBack, type Values } from "@memodag/result-cache";
import type { RunEntries } from "../entries/run-entries.ts";

/** A variable set by an administrator; without a team, it applies to every team. */
export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly team?: string | undefined;
}

/** The sources of answers. */
export interface AttemptAnswerParts {
  readonly runs: Pick<RunStore, "findRun" | "listXComs">;
  readonly values: Pick<Values, "read"> & Partial<Pick<Values, "open">>;
  /** Requests to people. If absent, tasks cannot ask anyone. */
  readonly humans?: HumanStore;
  readonly variables: readonly Variable[];
  /** Job caches; without it, there are none. */
  readonly entries?: RunEntries | undefined;
  /** A variable `MEMODAG_VAR_NAME` here overrides a configured one. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** If absent, there are no value caches. */
  readonly valueCaches?: AttemptValueCaches;
}

/** Larger XComs are read in parts. */
const LARGE_XCOM_BYTES = 2 ** 20;

const ENV_PREFIX = "MEMODAG_VAR_";

/** Answers attempts; each hears of its own team and run alone. */
export function answerAttempts({
  runs,
  values,
  humans,
  variables,
  env,
  valueCaches,
  entries,
}: AttemptAnswerParts): AttemptQueries {
  return {
    ...(entries && { askEntries: (attempt, request, bytes) => entries.desk.answer(attempt, request, bytes) }),
    ...(humans && { askHuman: (attempt, question) => askHuman(humans, attempt, question) }),
    ...(valueCaches && {
      callValueCache: (attempt, call) => valueCaches.call(attempt, call),
    }),
    attemptEnded(attempt) {
      valueCaches?.attemptEnded(attempt);
      entries?.desk.attemptEnded(attempt);
    },
    findXCom: (attempt, address) => findXCom({ runs, values }, attempt, address),
    openXCom: (attempt, address) => openXCom({ runs, values }, attempt, address),
    async findVariable({ team }, name) {
      const named = variables.filter((variable) => variable.name === name);
      const own = named.find((variable) => variable.team === team);
      const common = named.find((variable) => variable.team === undefined);
      return env[ENV_PREFIX + name.toUpperCase()] ?? (own ?? common)?.value;
    },
  };
}

type XComSources = Pick<AttemptAnswerParts, "runs" | "values">;

async function findXCom(
  { runs, values }: XComSources,
  attempt: Attempt,
  address: XComAddress,
): Promise<Uint8Array | undefined> {
  const found = await findReference(runs, attempt, address);
  return found && (await values.read(attempt.team, [found])).get(found.digest);
}

async function openXCom(
  { runs, values }: XComSources,
  attempt: Attempt,
  address: XComAddress,
): Promise<Uint8Array | OpenXCom | undefined> {
  const found = await findReference(runs, attempt, address);
  if (!found) return undefined;
  const { digest, sizeBytes } = found;
  const isLarge = sizeBytes > LARGE_XCOM_BYTES;
  const opened = isLarge ? await values.open?.(attempt.team, found, { mayGrant: false }) : undefined;
  if (opened?.kind !== "stream") return (await values.read(attempt.team, [found])).get(digest);
  return { sizeBytes, chunks: lastHeldBack(checkedChunks(opened.stream, { sizeBytes, sha256: digest })) };
}

async function findReference(
  runs: AttemptAnswerParts["runs"],
  { team, dagId, runId }: Attempt,
  { taskId, mapIndex, key }: XComAddress,
): Promise<XCom | undefined> {
  const run = await runs.findRun(team, dagId, runId);
  const xcoms = run ? await runs.listXComs(team, run.id, { taskId, mapIndex }) : [];
  return xcoms.find((xcom) => xcom.key === key);
}

async function askHuman(
  humans: HumanStore,
  attempt: Attempt,
  question: HumanQuestion,
): Promise<StoredRequest | undefined> {
  if (!attempt.hitl) throw new Error("the task does not wait for an answer");
  if (question.act === "find") return await askStore(() => humans.findOwnRequest(attempt));
  if (question.act === "expire") return await askStore(() => humans.expireRequest(attempt));
  const request = readHumanRequest(question.text);
  if (!request) throw new Error("its request is invalid");
  return await askStore(() => humans.openRequest(attempt, { request, timeoutMs: question.timeoutMs }));
}
