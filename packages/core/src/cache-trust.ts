// What an author may vouch for by name, of what a cached task does and no key holds.

/**
 * What may be named in `cache: { trust: [...] }`. Each says: whatever the task reads in this way does not
 * change its result, or is in its key by another way.
 *
 * - `child_process`: programs that a handler starts.
 * - `worker_threads`: threads that a handler starts.
 * - `addons`: native modules that a handler loads.
 * - `file_reads`: files that a handler reads and `cache.files` does not name.
 * - `imports`: modules and scripts that a command uses and `sources` does not name; they are not followed then.
 */
export const CACHE_TRUSTS = ["child_process", "worker_threads", "addons", "file_reads", "imports"] as const;

/** See {@link CACHE_TRUSTS}. */
export type CacheTrust = (typeof CACHE_TRUSTS)[number];
