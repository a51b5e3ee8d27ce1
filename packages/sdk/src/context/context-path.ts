// Paths of the run properties that a task may read, as used by `includeInputs` and in messages.

/**
 * Paths of single values. Paths of `params` and `dagRun.conf` may continue into the value. The
 * attempt's number is missing on purpose: the key is computed before there is an attempt, so it
 * cannot tell results of different tries apart.
 */
const LEAF_PATHS: ReadonlySet<string> = new Set([
  "dagRun.logicalDate",
  "dagRun.runId",
  "dagRun.runType",
  "dataInterval",
  "dataInterval.end",
  "dataInterval.start",
  "logicalDate",
  "taskInstance.mapIndex",
]);

const OPEN_PATH = /^(?:params|dagRun\.conf)(?:\.[^.[\]"\s]+)*$/;

const PLAIN_STEP = /^[^.[\]"\s]+$/;

/** The valid values of `includeInputs`, for messages. */
export const CONTEXT_PATH_RULE: string =
  "use params.NAME, dagRun.conf.NAME, dagRun.runId, dagRun.runType, logicalDate, " +
  "dataInterval.start, dataInterval.end or taskInstance.mapIndex";

/**
 * True for a path whose value can be part of a key, such as `params.species` or
 * `dataInterval.start`.
 */
export function isContextPath(path: string): boolean {
  return LEAF_PATHS.has(path) || OPEN_PATH.test(path);
}

/** Returns the canonical name of a value: `dagRun.logicalDate` becomes `logicalDate`. */
export function canonicalContextPath(path: string): string {
  return path === "dagRun.logicalDate" ? "logicalDate" : path;
}

/**
 * Returns the path of a member. A name that `includeInputs` cannot express is quoted, so that it is
 * never mistaken for a declared path: `params["a.b"]` is not `params.a.b`.
 */
export function memberPath(path: string, name: string): string {
  return PLAIN_STEP.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}

/** True if `path` equals `prefix` or lies below it. */
export function isAtOrUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`);
}
