// How a process hears of what others did to the database, so that it need not ask all the time.

/** Ends a watch. */
export interface Watch {
  close(): Promise<void>;
}

/** Tells of runs that other processes made or let go, and of Dags that they changed. Implemented by the metastore. */
export interface ChangeFeed {
  /**
   * Calls `listener` soon after there may be a run to claim, or a Dag to plan. It may be called for nothing, and a call
   * may be lost with a connection: who must not miss anything asks now and then all the same.
   */
  watchRuns(listener: () => void): Promise<Watch>;
}
