// What a sensor's handler is: a function of named arguments that answers whether something is there.

import type { JsonResult } from "./json-check.ts";
import type { TaskFactory } from "./task-factory.ts";

/** What a poke answers: whether what it looks for is there, and what the sensor returns when it is. */
export type PokeAnswer =
  | boolean
  | { readonly done: false }
  | { readonly done: true; readonly value?: unknown };

/** A sensor's handler as an author writes it. */
export type Poke<Args extends object, Answer> = (args: Args) => Answer | Promise<Answer>;

type FoundIn<Answer> = Answer extends false | { readonly done: false }
  ? never
  : Answer extends { readonly value?: infer Value }
    ? Value extends undefined
      ? null
      : Value
    : null;

/** What a sensor returns once its poke has found it: `value`, and `null` where there is none. */
export type FoundBy<Answer> = [FoundIn<Answer>] extends [never]
  ? null
  : unknown extends FoundIn<Answer>
    ? null
    : FoundIn<Answer>;

/**
 * What dag.sensor() returns. Where JSON cannot carry what the poke finds, it is no factory and says why: a
 * check beside the handler's own type would keep the compiler from telling `done: true` from `done: false`.
 */
export type SensorFactory<Args extends object, Answer> =
  unknown extends JsonResult<FoundBy<Answer>>
    ? TaskFactory<Args, FoundBy<Answer>>
    : JsonResult<FoundBy<Answer>>;
