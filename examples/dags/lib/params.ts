// A run's params as the tasks need them: whoever starts a run may have written anything.

import { isSpecies, SPECIES, type Species } from "./penguin.ts";

/** Params by name, as a run has them. */
export type Params = Readonly<Record<string, unknown>>;

/**
 * A param that is a whole number of at least `least`.
 * @throws Error that names the param and says how to give it.
 */
export function readWholeNumber(params: Params, name: string, least: number): number {
  const value = params[name];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(
    `params.${name} is ${JSON.stringify(value)}: give a whole number of at least ${least}, such as --param ${name}=${least}`,
  );
}

/**
 * The param `species`.
 * @throws Error that lists the species there are.
 */
export function readSpecies(params: Params): Species {
  const value = params["species"];
  if (isSpecies(value)) return value;
  throw new Error(`params.species is ${JSON.stringify(value)}: give one of ${SPECIES.join(", ")}`);
}
