// The result cache as a handler sees it.

/**
 * The caching of the running task's result.
 *
 * @example
 * ```ts
 * const { url, expiresAt } = await signUrl(path);
 * getContext().cache.expireAt(expiresAt);
 * return url;
 * ```
 */
export interface TaskCache {
  /**
   * Limits how long the result may be reused, whatever the `ttl` of its readers: an earlier date that the task or its
   * `expires` option gives stays. A date in the past means that the result is not stored. Without effect on a task that
   * is not cached.
   *
   * @param date a `Date`, an ISO 8601 string, or milliseconds since the Unix epoch
   * @throws TypeError for anything else
   */
  expireAt(date: Date | string | number): void;
}
