// From the rows of the CSV file, which have gaps, to penguins, which have none.

import { isSpecies, type Penguin } from "./penguin.ts";

/** A row as the file has it: text by column. */
export type PenguinRow = Readonly<Record<string, string>>;

/** The penguins of all rows in which species and every measurement are known, in the file's order. */
export function cleanPenguins(rows: readonly PenguinRow[]): Penguin[] {
  return rows.flatMap((row) => {
    const { species } = row;
    const penguin = {
      billLengthMm: measurement(row, "culmen_length_mm"),
      billDepthMm: measurement(row, "culmen_depth_mm"),
      flipperLengthMm: measurement(row, "flipper_length_mm"),
      bodyMassG: measurement(row, "body_mass_g"),
    };
    if (!isSpecies(species) || Object.values(penguin).some(Number.isNaN)) return [];
    return [{ species, ...penguin }];
  });
}

function measurement(row: PenguinRow, column: string): number {
  const text = row[column];
  // Number("") is 0, and no penguin weighs nothing.
  return text === undefined || text.trim() === "" ? Number.NaN : Number(text);
}
