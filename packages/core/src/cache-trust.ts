// The dependencies of a cached task that its author can vouch for by name.

/**
 * Valid elements of `cache: { trust: [...] }`. Each states that what the task reads in this way does not
 * affect
 * its result, or is covered by its key in another way.
 *
 * - `child_process`: programs that a handler starts.
 * - `worker_threads`: threads that a handler starts.
 * - `addons`: native modules that a handler loads.
 * - `file_reads`: files that a handler reads and that are not in `cache.files`.
 * - `imports`: modules and scripts that a command uses and that are not in `sources`. They are not
 * followed.
 */
export const CACHE_TRUSTS = ["child_process", "worker_threads", "addons", "file_reads", "imports"] as const;

/** See {@link CACHE_TRUSTS}. */
export type CacheTrust = (typeof CACHE_TRUSTS)[number];
