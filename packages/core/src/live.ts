// A setting that may change while a process runs.

/**
 * A setting that is asked for at each use. It is a function, so that it cannot be copied by accident: options
 * that are spread, destructured or kept in a field still follow the config file.
 */
export type Live<T> = () => T;
