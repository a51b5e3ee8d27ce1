// Prints a hundred thousand numbered lines as the first argument says, and how far its timers came meanwhile.

import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { stderr, stdout, takeStdoutFault } from "../src/output/standard-streams.ts";
import { withStopSignal } from "../src/wiring/stop-signal.ts";

const [mode] = process.argv.slice(2);
if (mode === "background" || mode === "stopped") stdout.writeInBackground();
// Node sets a pipe that it opens to refuse what it cannot take at once.
if (mode === "refused") new Socket({ fd: 1, readable: false }).unref();
if (mode === "stream") stdout.write("first\n");
for (let line = 0; line < 100_000; line += 1) {
  if (mode === "stream" && line === 50_000) stdout.stream();
  stdout.write(`line ${line}\n`);
}
// Before anything was read, where nothing waits for the reader.
const sayPrinted = (): void => void writeSync(3, "printed\n");
if (mode === "stopped") {
  // A command that is told to end, and takes its time.
  await withStopSignal(async (signal) => {
    signal.addEventListener("abort", () => writeSync(3, "stopping\n"));
    sayPrinted();
    await new Promise(() => undefined);
  });
}
sayPrinted();
stderr.write(`${(await takeStdoutFault()) ?? "whole"}\n`);
