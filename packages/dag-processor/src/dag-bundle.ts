// A folder of Dag files, as the admin's config names it.

/** A folder of Dag files, bound to a team by the config and by nothing in the files. */
export interface DagBundle {
  readonly name: string;
  /** The folder; relative to the working directory unless absolute. */
  readonly path: string;
  readonly team: string;
}
