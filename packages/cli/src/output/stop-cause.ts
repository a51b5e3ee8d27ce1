// Causes for which a command stops, in words.

/** The process that started this one over IPC is gone. */
export const PARENT_ENDED = "the end of its parent process";
