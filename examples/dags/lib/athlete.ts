// From the rows of the athletes' file, some of which have gaps, to athletes, who have none.

/** A row as the file has it: text by column. */
export type AthleteRow = Readonly<Record<string, string>>;

/** An athlete without gaps. */
export interface Athlete {
  readonly id: number;
  readonly name: string;
  readonly nation: string;
  readonly sport: string;
  readonly heightM: number;
  readonly weightKg: number;
  /** Of any metal. */
  readonly medals: number;
}

/** The rows, taken apart. */
export interface CheckedAthletes {
  readonly athletes: readonly Athlete[];
  /** Rows without height or weight, as they are in the file. */
  readonly gaps: readonly AthleteRow[];
  /** Of the rows with gaps in all rows, from 0 to 1. */
  readonly share: number;
}

/** Tells rows with gaps from those without. */
export function checkAthletes(rows: readonly AthleteRow[]): CheckedAthletes {
  const { athletes = [], gaps = [] } = Object.groupBy(rows, ({ height, weight }) =>
    height && weight ? "athletes" : "gaps",
  );
  return {
    athletes: athletes.map(toAthlete),
    gaps,
    share: rows.length === 0 ? 0 : gaps.length / rows.length,
  };
}

function toAthlete(row: AthleteRow): Athlete {
  return {
    id: Number(row["id"]),
    name: row["name"] ?? "",
    nation: row["nationality"] ?? "",
    sport: row["sport"] ?? "",
    heightM: Number(row["height"]),
    weightKg: Number(row["weight"]),
    medals: Number(row["gold"]) + Number(row["silver"]) + Number(row["bronze"]),
  };
}
