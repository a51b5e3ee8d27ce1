// The content of a transaction's record: which instance ended how, with which values. Functions of values.

import {
  canonicalBytes,
  instanceKey,
  instanceName,
  RETURN_VALUE,
  sha256,
  type Digest,
  type StoredError,
  type TaskInstanceId,
} from "@memodag/core";
import type { CacheHit, HitXCom, StagedXCom } from "@memodag/result-cache";

const FORMAT = 1;

/** The name of the value that says what running the instances took. It differs between runs, so it is a value of its own. */
const ATTEMPTS = "attempts";

/** An instance of a transaction that ended well. */
export interface GroupMember extends TaskInstanceId {
  readonly state: "success" | "skipped";
  /** Why it was skipped, if it says so itself. */
  readonly error: StoredError | null;
  readonly durationMs: number;
  readonly tryNumber: number;
  readonly xcoms: readonly StagedXCom[];
}

/** An instance as a record has it. */
export interface RecordedMember extends Omit<GroupMember, "xcoms"> {
  readonly xcoms: readonly HitXCom[];
}

interface Manifest {
  readonly format: typeof FORMAT;
  readonly members: readonly (Pick<GroupMember, "taskId" | "mapIndex" | "state" | "error"> & {
    /** Digests by key. */
    readonly xcoms: readonly (readonly [key: string, digest: Digest])[];
  })[];
}

type Attempts = readonly Pick<GroupMember, "durationMs" | "tryNumber">[];

/** Returns the values of a record: what each instance ended with, and the values of all of them. */
export function recordedValues(members: readonly GroupMember[]): StagedXCom[] {
  const sorted = members.toSorted(
    (a, b) => (a.taskId < b.taskId ? -1 : a.taskId > b.taskId ? 1 : 0) || a.mapIndex - b.mapIndex,
  );
  const manifest: Manifest = {
    format: FORMAT,
    members: sorted.map(({ taskId, mapIndex, state, error, xcoms }) => ({
      taskId,
      mapIndex,
      state,
      error,
      xcoms: xcoms
        .map(({ key, digest }) => [key, digest] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
    })),
  };
  const attempts: Attempts = sorted.map(({ durationMs, tryNumber }) => ({ durationMs, tryNumber }));
  return [
    newValue(RETURN_VALUE, manifest),
    newValue(ATTEMPTS, attempts),
    ...sorted.flatMap(({ taskId, mapIndex, xcoms }) =>
      // An identifier has no space.
      xcoms.map((xcom) => ({ ...xcom, key: `${instanceName(taskId, mapIndex)} ${xcom.key}` })),
    ),
  ];
}

function newValue(key: string, content: unknown): StagedXCom {
  const bytes = canonicalBytes(content);
  return { key, digest: sha256(bytes), sizeBytes: bytes.length, store: null, bytes };
}

/** Returns the instances of a record by `instanceKey`; undefined if it is none of a transaction, or not whole. */
export function readRecord({ xcoms }: CacheHit): Map<string, RecordedMember> | undefined {
  const byDigest = new Map(xcoms.map((xcom) => [xcom.digest, xcom]));
  const manifest = contentOf(xcoms, RETURN_VALUE) as Partial<Manifest> | undefined;
  const attempts = contentOf(xcoms, ATTEMPTS) as Attempts | undefined;
  if (manifest?.format !== FORMAT || !Array.isArray(manifest.members) || !Array.isArray(attempts))
    return undefined;
  const members = new Map<string, RecordedMember>();
  for (const [index, member] of (manifest as Manifest).members.entries()) {
    const { taskId, mapIndex, state, error } = member;
    const { durationMs, tryNumber } = (attempts as Attempts)[index] ?? { durationMs: NaN, tryNumber: NaN };
    const own = member.xcoms.map(([key, digest]) => {
      const found = byDigest.get(digest);
      return found && { ...found, key };
    });
    const whole = own.filter((xcom) => xcom !== undefined);
    const hasValue = state === "skipped" || whole.some(({ key }) => key === RETURN_VALUE);
    if (
      whole.length < own.length ||
      !hasValue ||
      !Number.isFinite(durationMs) ||
      !Number.isInteger(tryNumber)
    )
      return undefined;
    const recorded = { taskId, mapIndex, state, error, durationMs, tryNumber, xcoms: whole };
    members.set(instanceKey(recorded), recorded);
  }
  return members;
}

function contentOf(xcoms: readonly HitXCom[], key: string): unknown {
  const found = xcoms.find((xcom) => xcom.key === key);
  if (!found) return undefined;
  try {
    return JSON.parse(Buffer.from(found.bytes).toString());
  } catch {
    return undefined;
  }
}
