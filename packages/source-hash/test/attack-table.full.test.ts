import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

interface Verdict {
  readonly title: string;
  readonly error?: string;
  readonly outputs?: readonly [string, string];
  readonly hashes?: readonly [string, string];
}

const FLAGS = ["--conditions=source", "--experimental-vm-modules", "--no-warnings"];

test("every edit of the table changes its task's output, and the hash with it", async () => {
  const script = fileURLToPath(new URL("./support/attack-process.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, script]);
  const verdicts = JSON.parse(stdout) as Verdict[];
  expect(verdicts.length).toBeGreaterThan(300);
  expect(verdicts.filter(({ error }) => error !== undefined)).toEqual([]);
  const titles = (of: (verdict: Verdict) => boolean): string[] =>
    verdicts.filter(of).map(({ title }) => title);
  // An edit that changes no output shows nothing.
  expect(titles(({ outputs }) => outputs?.[0] === outputs?.[1])).toEqual([]);
  expect(titles(({ hashes }) => hashes?.[0] === hashes?.[1])).toEqual([]);
}, 300_000);
