// `npm run demo`: runs one Dag three times. First everything runs, then nothing, then a small part.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandFailure, DEMO_CONFIG, memodag, memodagText } from "./demo/memodag-command.ts";
import { expectRun, UnmetExpectation } from "./demo/expect-run.ts";
import type { RunReport } from "./demo/run-report.ts";
import { formatMs, formatRun } from "./demo/run-table.ts";
import { wrapProse } from "./demo/wrap-prose.ts";

const STATE_DIR = fileURLToPath(new URL("../.memodag/demo/", import.meta.url));
/** The tasks affected by the changed param: the list of settings, the changed classifier, the report. */
const REACHED_BY_TREES = new Set(["settings", "train[8]", "evaluate[8]", "report"]);

/** A run with the total duration of its command, including startup and reading the Dag. */
interface ShownRun {
  readonly run: RunReport;
  readonly tookMs: number;
}

async function main(): Promise<void> {
  await rm(STATE_DIR, { recursive: true, force: true });
  await mkdir(STATE_DIR, { recursive: true });

  say("One Dag, three times: examples/dags/penguins.ts compares nine classifiers on real data.", "");

  const first = await showRun("1. Nothing is remembered yet: every task runs.");
  expectRun("The first run", first.run, () => true);

  const second = await showRun("2. The same again: every result is remembered, no process starts.");
  expectRun("The second run", second.run, () => false);

  const third = await showRun("3. A smaller forest: only what the change reaches runs.", "trees=50");
  expectRun("The third run", third.run, (instance) => REACHED_BY_TREES.has(instance));

  await showPicture(second.run, "penguins.svg");
  await showPicture(third.run, "penguins-50-trees.svg");
  say(
    "",
    `Time saved: the second run took ${formatMs(second.tookMs)} and the third ${formatMs(third.tookMs)},`,
    `            in place of ${formatMs(first.tookMs)} for the first.`,
    "",
  );

  await expectReason(second.run, "report", "hit");
  await expectReason(third.run, "settings", "context_changed");
  await showText("Why was the report of the second run a hit?", [
    "cache",
    "explain",
    "penguins",
    second.run.runId,
    "report",
  ]);
  await showText("Why did the settings of the third run again?", [
    "cache",
    "explain",
    "penguins",
    third.run.runId,
    "settings",
  ]);
  await showText("What is remembered, and what did it save?", ["cache", "stats"]);
  say(
    "Now you: change examples/dags/penguins.ts, or run another of the examples.",
    `   npx memodag runs list --config ${DEMO_CONFIG}`,
    `   npx memodag dags run opticks --config ${DEMO_CONFIG}`,
  );
}

async function expectReason({ runId }: RunReport, taskId: string, expected: string): Promise<void> {
  const args = ["cache", "explain", "penguins", runId, taskId];
  const { reason } = (await memodag(args)) as { readonly reason: string };
  if (reason !== expected) {
    throw new UnmetExpectation(`${taskId} of run ${runId} is explained by ${reason}, expected ${expected}`);
  }
}

async function showText(title: string, args: readonly string[]): Promise<void> {
  const text = await memodagText(args);
  say(title, `   $ memodag ${args.join(" ")}`, "", wrapProse(text).replaceAll(/^(?=.)/gm, "   "));
}

async function showRun(title: string, param?: string): Promise<ShownRun> {
  const args = ["dags", "run", "penguins", ...(param === undefined ? [] : ["--param", param])];
  say(title, `   $ memodag ${args.join(" ")}`, "");
  const started = performance.now();
  const run = (await memodag(args)) as RunReport;
  const tookMs = performance.now() - started;
  say(formatRun(run, tookMs), "");
  return { run, tookMs };
}

// The picture is the value of the report, so it is available after a fully cached run, too.
async function showPicture({ runId }: RunReport, name: string): Promise<void> {
  const values = (await memodag(["tasks", "xcom", "penguins", runId, "report"])) as {
    readonly return_value: { readonly best: string; readonly testAccuracy: number; readonly svg: string };
  };
  const { best, testAccuracy, svg } = values.return_value;
  const path = STATE_DIR + name;
  await writeFile(path, svg);
  say(
    `Picture: ${relative(process.cwd(), path)} (best: ${best}, ${(testAccuracy * 100).toFixed(1)} % right)`,
  );
}

function say(...lines: string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UnmetExpectation || error instanceof CommandFailure)) throw error;
  process.stderr.write(`The demo failed: ${error.message}\n`);
  process.exitCode = 1;
}
