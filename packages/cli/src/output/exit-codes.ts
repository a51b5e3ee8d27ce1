// Exit codes of `memodag`; 0 is success.

/** The requested run failed. */
export const EXIT_RUN_FAILED = 1;

/** The verification found damage. */
export const EXIT_UNSOUND = 1;

/** The user declined the confirmation, and nothing was done. */
export const EXIT_DECLINED = 1;

/** It was done in some stores only: others could not be reached. */
export const EXIT_INCOMPLETE = 1;

/** Some Dag files cannot be read. */
export const EXIT_UNREADABLE = 1;

/** Usage or configuration. */
export const EXIT_USAGE = 2;

/** A bug in memodag: EX_SOFTWARE of sysexits.h. */
export const EXIT_BUG = 70;

/** The same may work in another process: EX_TEMPFAIL of sysexits.h. */
export const EXIT_AGAIN = 75;

/** Interrupted by the user: 128 and the number of SIGINT. */
export const EXIT_INTERRUPTED = 130;
