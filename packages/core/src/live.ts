// A setting that can change while a process runs.

/**
 * A setting that is read at each use. It is a function, so that it cannot be copied by accident: options
 * that are spread, destructured or stored in a field still follow the config file.
 */
export type Live<T> = () => T;
