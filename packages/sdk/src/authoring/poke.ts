// The type of a sensor's handler: a function of named arguments that reports whether a condition
// holds.

import type { JsonResult } from "./json-check.ts";
import type { TaskFactory } from "./task-factory.ts";

/**
 * The answer of a poke: whether the condition holds and, if so, optionally the sensor's result.
 *
 * @example
 * ```ts
 * async ({ url }: { url: string }) => {
 *   const response = await fetch(url);
 *   return response.ok ? { done: true, value: await response.json() } : { done: false };
 * };
 * ```
 */
export type PokeAnswer =
  | boolean
  | { readonly done: false }
  | { readonly done: true; readonly value?: unknown };

/** A sensor's handler as its author writes it. */
export type Poke<Args extends object, Answer> = (args: Args) => Answer | Promise<Answer>;

type FoundIn<Answer> = Answer extends false | { readonly done: false }
  ? never
  : Answer extends { readonly value?: infer Value }
    ? Value extends undefined
      ? null
      : Value
    : null;

/** The result of a sensor: the `value` that its poke found, or `null` if there is none. */
export type FoundBy<Answer> = [FoundIn<Answer>] extends [never]
  ? null
  : unknown extends FoundIn<Answer>
    ? null
    : FoundIn<Answer>;

/**
 * Returned by `dag.sensor()`. If JSON cannot represent the result, this type is no factory and its
 * name states the problem. Checking the handler's type instead would keep the compiler from telling
 * `done: true` from `done: false`.
 */
export type SensorFactory<Args extends object, Answer> =
  unknown extends JsonResult<FoundBy<Answer>>
    ? TaskFactory<Args, FoundBy<Answer>>
    : JsonResult<FoundBy<Answer>>;
