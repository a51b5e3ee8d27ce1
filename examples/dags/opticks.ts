// Finds the subject of each proposition of Newton's Opticks: map-reduce over a book.

import { Dag, getContext, param } from "memodag";
import opticks from "./data/opticks.txt" with { type: "text" };
import { splitOpticks, type TextPart } from "./lib/split-opticks.ts";
import { compareCounts } from "./lib/telling-words.ts";
import { countWords, type WordCounts } from "./lib/word-counts.ts";

/** The param `words` is the number of words to list per part. */
export const dag = new Dag("opticks", {
  description: "Finds the words that tell the parts of Newton's Opticks apart",
  params: { words: param({ default: 5, schema: { type: "integer", minimum: 1 } }) },
  tags: ["example", "text"],
});

// An imported file is part of a task's code: editing the book changes this task, and no other.
const split = dag.task("split", () => splitOpticks(opticks), { cache: true });

// Map: one instance per part, cached by its text and not its position.
const count = dag.task("count", ({ part }: { part: TextPart }) => countWords(part), { cache: true });

// Reduce: takes the results of all instances as a list, in order.
const compare = dag.task(
  "compare",
  ({ counts }: { counts: readonly WordCounts[] }) =>
    compareCounts(counts, getContext().params["words"] as number),
  { cache: { includeInputs: ["params.words"] } },
);

compare({ counts: count.expand({ part: split() }) });
