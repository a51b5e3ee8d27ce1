// How grave a log message is, and how grave it has to be to be logged.

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** How much is logged: a level and everything above it. */
export type LogLevel = (typeof LEVELS)[number];

/** True when what is said at `level` is at least as grave as `least`. */
export function isLogged(level: LogLevel, least: LogLevel): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least);
}
