// Parameters of the address of Home.

/** The times that Home may be about, in days. */
export const HOME_DAYS = [1, 7, 30, 90] as const;

/** Parameters of the address. */
export interface HomeSearch {
  readonly days?: number;
}

/** Reads the address. */
export function readHomeSearch({ days }: Record<string, unknown>): HomeSearch {
  return HOME_DAYS.some((some) => some === days) ? { days: days as number } : {};
}
