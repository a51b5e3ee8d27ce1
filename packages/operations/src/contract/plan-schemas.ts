// Schemas of plans of runs.

import * as z from "zod";
import type { DagPlan } from "../plans/plan-dag.ts";
import { count, name, size, text } from "./values.ts";

const durations = z.strictObject({ low: size, high: size });

export const dagPlan: z.ZodType<DagPlan> = z.strictObject({
  dagId: name,
  team: name,
  version: text,
  instances: z.array(
    z.strictObject({
      taskId: name,
      mapIndex: z.int().min(-1).nullable(),
      class: z.enum(["hit", "runs", "depends"]),
      reason: z.strictObject({ code: text, detail: text }),
      dependsOn: z.array(name),
      durationMs: durations.nullable(),
    }),
  ),
  totals: z.strictObject({ hit: count, runs: count, depends: count, skipped: count }),
  durationMs: durations,
});
