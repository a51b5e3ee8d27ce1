// What of this process's environment a worker gets to see.

import { isGivenWhenDeclared, isGivenWhenOrdinary, isKeptFromAuthors, type Attempt } from "@memodag/core";

/**
 * What a process needs to start at all, or that its runtime's part of the key stands for: shown to every worker. Where
 * libraries lie is a fact of the machine.
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

/**
 * The environment without memodag's own variables and without those of PostgreSQL that nothing names: the database's
 * URL and its password may be among them.
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

/** What the task of an attempt declares that it reads of the environment. */
export function declaredBy({ declaredEnv, command }: Attempt): readonly string[] {
  return command?.visibleEnv ?? declaredEnv ?? [];
}

/**
 * The environment that a worker's process starts with. A cached handler's has what is in its key alone: threads
 * and native code look there themselves.
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

/** True for an attempt at a cached handler, whose reads are watched. A command's process is told its own. */
export function isWatched({ declaredEnv, command, callback }: Attempt): boolean {
  return declaredEnv !== null && command === undefined && callback === undefined;
}

/** True when a cached task's programs, threads and native code may see a variable. */
export function isVisible(name: string, declared: readonly string[], ordinary: readonly string[]): boolean {
  return declared.includes(name) || isOrdinary(ordinary, name) || isOrdinary(NATIVE, name);
}

/** True when one of the patterns is the name, or stands for it, as `NODE_*` does. */
export function isOrdinary(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}
