// What is each proposition of Newton's Opticks about? Map-reduce over a real text.

import { Dag, getContext, param } from "memodag";
import opticks from "./data/opticks.txt" with { type: "text" };
import { splitOpticks, type TextPart } from "./lib/split-opticks.ts";
import { compareCounts } from "./lib/telling-words.ts";
import { countWords, type WordCounts } from "./lib/word-counts.ts";

/** Params: how many `words` to name for each part. */
export const dag = new Dag("opticks", {
  description: "Finds the words that tell the parts of Newton's Opticks apart",
  params: { words: param({ default: 5, schema: { type: "integer", minimum: 1 } }) },
  tags: ["example", "text"],
});

// What a task imports is part of its code: a change of the text is a change of this task, and of no other.
const split = dag.task("split", () => splitOpticks(opticks), { cache: true });

// Map: one instance for each part, remembered by the part's text and not by its place.
const count = dag.task("count", ({ part }: { part: TextPart }) => countWords(part), { cache: true });

// Reduce: the results of all instances, as a list, in order.
const compare = dag.task(
  "compare",
  ({ counts }: { counts: readonly WordCounts[] }) =>
    compareCounts(counts, getContext().params["words"] as number),
  { cache: { includeInputs: ["params.words"] } },
);

compare({ counts: count.expand({ part: split() }) });
