// A process that stores a small and a large result, and a large record, and prints what came of each.

import { MemodagError, sha256, systemClock } from "@memodag/core";
import { FilesystemRecordStore, FilesystemResultStore } from "../../src/index.ts";
import { components, entry } from "../entries.ts";

/** What came of one write. */
export type WriteReport = { readonly wrote: string } | { readonly code: string; readonly errno: unknown };

const [, , root = ""] = process.argv;
const results = new FilesystemResultStore(root, systemClock);
const records = new FilesystemRecordStore(root, systemClock);
const large = new Uint8Array(5_000_000);
const inputs = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`${index}`, sha256("")]));
const { record } = entry("1", { components: components({ inputs }) });

async function outcomeOf(work: Promise<unknown>): Promise<WriteReport> {
  try {
    await work;
    return { wrote: "small" };
  } catch (error) {
    if (!(error instanceof MemodagError)) throw error;
    return { code: error.code, errno: error.fields["errno"] };
  }
}

const outcomes = [
  await outcomeOf(
    results.write("ml", [{ digest: sha256("small"), bytes: new TextEncoder().encode("small") }]),
  ),
  await outcomeOf(results.write("ml", [{ digest: sha256(large), bytes: large }])),
  await outcomeOf(records.put({ ...record, xcoms: [] }, "keep-live")),
];
process.stdout.write(JSON.stringify(outcomes));
