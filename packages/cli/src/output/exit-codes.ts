// What the exit code of `memodag` says; 0 is done.

/** The run that was asked for failed. */
export const EXIT_RUN_FAILED = 1;

/** What was verified is not sound. */
export const EXIT_UNSOUND = 1;

/** Who was asked said no, and nothing was done. */
export const EXIT_DECLINED = 1;

/** Some Dag files cannot be read. */
export const EXIT_UNREADABLE = 1;

/** Usage or configuration. */
export const EXIT_USAGE = 2;

/** A bug in memodag: EX_SOFTWARE of sysexits.h. */
export const EXIT_BUG = 70;

/** Ended by a person: 128 and the number of SIGINT. */
export const EXIT_INTERRUPTED = 130;
