// A penguin: the columns of the data set, with units in the names.

/** The species of the data set, in the order of their class numbers. */
export const SPECIES = ["Adelie", "Chinstrap", "Gentoo"] as const;

/** One of the three species. */
export type Species = (typeof SPECIES)[number];

/** A penguin without missing values. */
export interface Penguin {
  readonly species: Species;
  readonly billLengthMm: number;
  readonly billDepthMm: number;
  readonly flipperLengthMm: number;
  readonly bodyMassG: number;
}

/** The features for classifiers, in a fixed order. */
export function featuresOf(penguin: Penguin): number[] {
  return [penguin.billLengthMm, penguin.billDepthMm, penguin.flipperLengthMm, penguin.bodyMassG];
}

/** The class number of a species: its place in {@link SPECIES}. */
export function labelOf(penguin: Penguin): number {
  return SPECIES.indexOf(penguin.species);
}

/** True for the name of a species of the data set. */
export function isSpecies(name: unknown): name is Species {
  return (SPECIES as readonly unknown[]).includes(name);
}
