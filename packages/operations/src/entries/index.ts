export { listEntries, type EntryListInput, type EntryReport } from "./list-entries.ts";
export { readEntry, showEntry, type EntryName, type ReadEntry } from "./read-entry.ts";
export { removeEntries, type RemovedEntries, type RemoveEntriesInput } from "./remove-entries.ts";
export { checkedBytes, restoreEntry, type RestoreEntryInput } from "./restore-entry.ts";
