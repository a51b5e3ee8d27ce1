// Notifies a process of changes that others made to the database, so that it need not poll continuously.

/** Ends a watch. */
export interface Watch {
  close(): Promise<void>;
}

/**
 * Notifies of runs that other processes created or released, and of Dags that they changed. Implemented
 * by the metastore.
 */
export interface ChangeFeed {
  /**
   * Calls `listener` soon after there may be a run to claim or a Dag to plan. Calls may be spurious, and
   * may be lost with a connection, so callers that must not miss anything also need to poll occasionally.
   */
  watchRuns(listener: () => void): Promise<Watch>;
}
