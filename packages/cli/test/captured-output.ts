// Takes what commands print in this process.

import { vi } from "vitest";
import { stderr, stdout } from "../src/output/standard-streams.ts";

const OUTPUTS = { stdout, stderr };

/** Output that is not printed. */
export interface CapturedOutput {
  stdout: string;
  stderr: string;
  restore(): void;
}

/** Captures both streams until they are restored. */
export function captureOutput(): CapturedOutput {
  const spies: { mockRestore(): void }[] = [];
  const captured = { stdout: "", stderr: "", restore: () => spies.forEach((spy) => spy.mockRestore()) };
  for (const name of ["stdout", "stderr"] as const) {
    const note = (text: unknown): true => ((captured[name] += String(text)), true);
    spies.push(vi.spyOn(OUTPUTS[name], "write").mockImplementation(note));
    // Long output goes through Node's stream.
    spies.push(vi.spyOn(process[name], "write").mockImplementation(note));
  }
  return captured;
}
