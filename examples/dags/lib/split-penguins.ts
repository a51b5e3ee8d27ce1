// Which penguins a model learns from and which it is examined on.

import type { Penguin } from "./penguin.ts";
import { seededShuffle } from "./seeded-shuffle.ts";

const TRAINING_SHARE = 0.7;

/** The two parts; nobody is in both. */
export interface PenguinParts {
  readonly training: readonly Penguin[];
  readonly testing: readonly Penguin[];
}

/** Shuffles by the seed and cuts: seven in ten are learned from. */
export function splitPenguins(penguins: readonly Penguin[], seed: number): PenguinParts {
  const shuffled = seededShuffle(penguins, seed);
  const cut = Math.round(shuffled.length * TRAINING_SHARE);
  return { training: shuffled.slice(0, cut), testing: shuffled.slice(cut) };
}
