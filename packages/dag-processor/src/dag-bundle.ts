// A folder of Dag files, as configured.

/** A folder of Dag files. The config alone, not its files, determines its team. */
export interface DagBundle {
  readonly name: string;
  /** The folder; relative to the working directory unless absolute. */
  readonly path: string;
  readonly team: string;
}
