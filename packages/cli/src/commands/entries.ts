// `memodag entries`: what the tasks of a run saved in its job cache.

import type { Command } from "commander";
import { printJson, printLine, printTable } from "../output/print.ts";
import { shortDigest } from "../output/units.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withRunArguments } from "./common-options.ts";

interface EntryOptions extends TeamOptions {
  readonly cache?: string;
}

interface ListOptions extends EntryOptions {
  readonly group?: string;
}

interface GetOptions extends EntryOptions {
  readonly output?: string;
}

interface RemoveOptions extends EntryOptions {
  readonly group?: true;
}

/** Adds the `entries` commands. */
export function registerEntries(program: Command): void {
  const entries = program.command("entries").description("Entries of job caches.");
  withCache(entries.command("ls"))
    .description("the entries that the tasks of a run saved, or those of a cache that it can use")
    .option("--group <name>", "only those in this group, at any depth")
    .action(list);
  withKey(entries.command("show")).description("an entry: its digest, size, store and task").action(show);
  withKey(entries.command("get"))
    .description(
      "print the bytes of an entry, or write them to a file; a folder that was saved is restored as one",
    )
    .option("-o, --output <path>", "write to this file or folder, which must not exist")
    .action(get);
  withKey(entries.command("rm"))
    .description("remove an entry; nothing else of the run changes")
    .option("--group", "the key names a group: remove everything below it")
    .action(remove);
}

function withCache(command: Command): Command {
  return withRunArguments(command).option(
    "--cache <name>",
    "a job cache of the config that the run can use, in place of the run's own",
  );
}

function withKey(command: Command): Command {
  return withCache(command).argument("<key>", "the entry's key, such as tiles/7/3.png");
}

async function list(dagId: string, runId: string, options: ListOptions): Promise<void> {
  const { listEntries } = await import("@memodag/operations/entries");
  const { team, group, cache: from } = options;
  const found = await withOperations(options, (context) =>
    listEntries(context, { dagId, runId, team, group, cache: from }),
  );
  if (options.json) return printJson(found);
  const { formatSize, instanceName } = await import("@memodag/core");
  printTable(
    ["CACHE", "KEY", "SIZE", "DIGEST", "STORE", "TASK"],
    found.map(({ cache, key, sizeBytes, digest, store, producer }) => [
      cache === "" ? "of the run" : cache,
      key,
      formatSize(sizeBytes),
      shortDigest(digest),
      store,
      instanceName(producer.taskId, producer.mapIndex),
    ]),
    from === undefined ? "The run has no entries." : "The cache has no entries.",
  );
}

async function show(dagId: string, runId: string, key: string, options: EntryOptions): Promise<void> {
  const { showEntry } = await import("@memodag/operations/entries");
  const name = { dagId, runId, key, cache: options.cache, team: options.team };
  const entry = await withOperations(options, (context) => showEntry(context, name));
  if (options.json) return printJson(entry);
  const { instanceName } = await import("@memodag/core");
  printLine(`${entry.key}: ${entry.sizeBytes} bytes in the store ${entry.store}, saved at ${entry.savedAt}`);
  printLine(
    `by ${instanceName(entry.producer.taskId, entry.producer.mapIndex)} of run ${entry.producer.runId || "(deleted)"}; sha256 ${entry.digest}`,
  );
}

async function get(dagId: string, runId: string, key: string, options: GetOptions): Promise<void> {
  const { checkedBytes, readEntry, restoreEntry } = await import("@memodag/operations/entries");
  const name = { dagId, runId, key, cache: options.cache, team: options.team };
  const { output: path } = options;
  await withOperations(options, async (context) => {
    if (path !== undefined) return void (await restoreEntry(context, { ...name, path }));
    const { printBytes } = await import("../output/print-bytes.ts");
    await printBytes(checkedBytes(await readEntry(context, name)));
  });
}

async function remove(dagId: string, runId: string, key: string, options: RemoveOptions): Promise<void> {
  const { removeEntries } = await import("@memodag/operations/entries");
  const name = { dagId, runId, key, cache: options.cache, isGroup: options.group, team: options.team };
  const removed = await withOperations(options, (context) => removeEntries(context, name));
  if (options.json) return printJson(removed);
  printLine(
    `Removed ${removed.removed} of ${options.cache ?? removed.runId}. The bytes go with a later memodag cache gc.`,
  );
}
