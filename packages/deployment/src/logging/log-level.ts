// Severities of log messages, and the threshold for logging.

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** The log level: messages of this severity and above are logged. */
export type LogLevel = (typeof LEVELS)[number];

/** True when `level` is at least as severe as `least`. */
export function isLogged(level: LogLevel, least: LogLevel): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least);
}
