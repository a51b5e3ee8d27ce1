// Converts failures of Redis to errors that name the server and how to fix them.

import { MemodagError, messageOf } from "@memodag/core";

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^(?:NOAUTH|WRONGPASS|ERR invalid password)/, "check the user and the password in `url`"],
  [/^NOPERM/, "allow the user of `url` all commands on the keys below `prefix`, and EVAL"],
  [/^OOM/, "raise `maxmemory` of the server, or set a `maxmemory-policy` that evicts"],
  [/^MISCONF/, "the server cannot save to its disk: look at its log"],
  [/^READONLY/, "this is a replica: name the primary in `url`"],
  [/^(?:MOVED|ASK|CROSSSLOT)/, "this is a node of a cluster: name a server that has all keys"],
  [/^LOADING/, "the server is starting: try again"],
];

/** Stands before the reason why there is no connection. */
export const NO_CONNECTION = "no connection to Redis: ";

/** Stands before the error of a command within a script, up to Redis 6.2. */
const IN_SCRIPT = /^ERR Error running script \(call to \w+\): (?:@user_script: ?\d+: )+-?/;

/** The error for a failure; errors of memodag pass as they are. */
export function redisFailure(error: unknown, place: string, use: string): unknown {
  if (error instanceof MemodagError) return error;
  const what = messageOf(error);
  const advice =
    ADVICE.find(([pattern]) => pattern.test(what.replace(NO_CONNECTION, "").replace(IN_SCRIPT, "")))?.[1] ??
    "check `url`, and that this machine can connect to it";
  const message = `Redis at ${place} failed to ${use} (${what}): ${advice}`;
  return new MemodagError("cache_backend_failed", message, { fields: { place } });
}
