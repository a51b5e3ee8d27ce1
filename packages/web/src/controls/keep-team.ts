// Links that keep the team whose things are shown.

/** Returns the parameters of an address of which the team alone is kept. For `search` of links and navigation. */
export function keepTeam({ team }: { readonly team?: string | undefined }): { team?: string } {
  return team === undefined ? {} : { team };
}
