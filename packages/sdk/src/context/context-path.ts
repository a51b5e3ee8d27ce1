// The names of what a task may read of its run, as `includeInputs` writes them and messages show them.

/**
 * Paths of single values; those of `params` and `dagRun.conf` may go on into the value. Which attempt it
 * is, is not among them: a key is made before there is one, so it could not tell a result of the second
 * try from one of the first.
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

/** What `includeInputs` may name, for messages. */
export const CONTEXT_PATH_RULE: string =
  "write params.NAME, dagRun.conf.NAME, dagRun.runId, dagRun.runType, logicalDate, " +
  "dataInterval.start, dataInterval.end or taskInstance.mapIndex";

/** True for a path whose value can be in a key, such as `params.species` or `dataInterval.start`. */
export function isContextPath(path: string): boolean {
  return LEAF_PATHS.has(path) || OPEN_PATH.test(path);
}

/** One value, one name: `dagRun.logicalDate` is `logicalDate`. */
export function canonicalContextPath(path: string): string {
  return path === "dagRun.logicalDate" ? "logicalDate" : path;
}

/**
 * The path of a member. A name that `includeInputs` could not write is quoted, so that it is never
 * taken for a declared path: `params["a.b"]` is not `params.a.b`.
 */
export function memberPath(path: string, name: string): string {
  return PLAIN_STEP.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}

/** True when `path` is `prefix` or lies under it. */
export function isAtOrUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`);
}
