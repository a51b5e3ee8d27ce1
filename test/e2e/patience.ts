// How long tests wait for processes before they call them hung. No test waits for these on purpose.

/** Longest that one command, or one sign of life of a task, may take, in milliseconds. */
export const COMMAND_TIMEOUT_MS = 120_000;

/** For `vi.setConfig`: tests that start many processes are slow on a machine that is busy. */
export const PATIENT = { testTimeout: 300_000, hookTimeout: 300_000 } as const;
