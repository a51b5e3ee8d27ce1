// The environment that a worker receives from this process.

import { isGivenWhenDeclared, isGivenWhenOrdinary, isKeptFromAuthors, type Attempt } from "@memodag/core";

/**
 * Variables that a process needs to start, or that the runtime component of the key covers: every worker
 * receives them. The location of libraries is a property of the machine.
 */
const NATIVE = [
  "TZ",
  "LANG",
  "LANGUAGE",
  "LC_*",
  "LD_LIBRARY_PATH",
  "LD_PRELOAD",
  "DYLD_*",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "OPENSSL_CONF",
  "SystemRoot",
  "windir",
  "ComSpec",
];

/** Returns this process's environment, read once for attempts that start together: reading it is slow. */
export function ownEnvironment(): () => NodeJS.ProcessEnv {
  let env: NodeJS.ProcessEnv | undefined;
  return () => {
    if (!env) {
      env = { ...process.env };
      setImmediate(() => (env = undefined));
    }
    return env;
  };
}

/**
 * Returns the environment without memodag's own variables and undeclared ones of PostgreSQL, which may
 * contain the database's URL and password.
 */
export function workerEnvironment(
  environment: NodeJS.ProcessEnv,
  declared: readonly string[],
  ordinary: readonly string[],
): Record<string, string> {
  const isGiven = (name: string): boolean =>
    !isKeptFromAuthors(name) ||
    (isGivenWhenDeclared(name) && declared.includes(name)) ||
    (isGivenWhenOrdinary(name) && isOrdinary(ordinary, name));
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && isGiven(entry[0]),
    ),
  );
}

/** Returns the environment variables that the task of an attempt declares. */
export function declaredBy({ declaredEnv, command }: Attempt): readonly string[] {
  return command?.visibleEnv ?? declaredEnv ?? [];
}

/**
 * Returns the initial environment of a worker's process. That of a cached handler contains only what its
 * key covers, because threads and native code read it directly.
 */
export function processEnvironment(
  environment: NodeJS.ProcessEnv,
  attempt: Attempt,
  ordinary: readonly string[],
): Record<string, string> {
  const declared = declaredBy(attempt);
  const all = workerEnvironment(environment, declared, ordinary);
  if (!isWatched(attempt)) return all;
  return Object.fromEntries(Object.entries(all).filter(([name]) => isVisible(name, declared, ordinary)));
}

/**
 * True for an attempt of a cached handler, whose reads are tracked. A command's process receives its own
 * environment.
 */
export function isWatched({ declaredEnv, command, callback }: Attempt): boolean {
  return declaredEnv !== null && command === undefined && callback === undefined;
}

/** True if programs, threads and native code of a cached task may see a variable. */
export function isVisible(name: string, declared: readonly string[], ordinary: readonly string[]): boolean {
  return declared.includes(name) || isOrdinary(ordinary, name) || isOrdinary(NATIVE, name);
}

/** The variable by which a task's own spans hang below the one of its attempt. */
export const TRACE_VARIABLE = "TRACEPARENT";

/**
 * Returns the value of {@link TRACE_VARIABLE} for an attempt. Undefined if there are no traces, if the task declares the
 * variable, whose value in the key is that of the environment, or if its process runs many attempts.
 */
export function traceOf(attempt: Attempt): string | undefined {
  return attempt.reuse || declaredBy(attempt).includes(TRACE_VARIABLE) ? undefined : attempt.traceparent;
}

/** True if one of the patterns matches the name, such as `NODE_*`. */
export function isOrdinary(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}
