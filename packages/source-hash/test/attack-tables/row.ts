// How an attack on a hash is written down.

/** Code before the task, the task's handler, and the edit. */
export type Row = readonly [title: string, top: string, handler: string, from: string, to: string];
