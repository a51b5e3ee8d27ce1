// The task instance that the address of a request names.

/** The instance of an address. */
export function instanceOf(params: {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: string;
}): { team: string; dagId: string; runId: string; taskId: string; mapIndex: number } {
  return { ...params, mapIndex: Number(params.mapIndex) };
}
