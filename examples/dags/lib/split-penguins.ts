// Splits penguins into a training set and a test set.

import type { Penguin } from "./penguin.ts";
import { seededShuffle } from "./seeded-shuffle.ts";

const TRAINING_SHARE = 0.7;

/** The two disjoint sets. */
export interface PenguinParts {
  readonly training: readonly Penguin[];
  readonly testing: readonly Penguin[];
}

/** Shuffles with the seed; seven in ten go to the training set. */
export function splitPenguins(penguins: readonly Penguin[], seed: number): PenguinParts {
  const shuffled = seededShuffle(penguins, seed);
  const cut = Math.round(shuffled.length * TRAINING_SHARE);
  return { training: shuffled.slice(0, cut), testing: shuffled.slice(cut) };
}
