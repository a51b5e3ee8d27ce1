import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "./markdown.ts";

/** A row of a table: its cells, without the spaces around them. */
type Row = readonly string[];

/** The rows below the heads of a file's tables. */
function rowsOf(text: string): Row[] {
  const rows = text.split("\n").flatMap((line) => {
    const cells = /^\|(.*)\|$/.exec(line)?.[1]?.split("|");
    return cells === undefined ? [] : [cells.map((cell) => cell.trim())];
  });
  // A head is followed by the line of dashes.
  const isRule = (row: Row | undefined): boolean => row?.every((cell) => /^:?-+:?$/.test(cell)) ?? false;
  return rows.filter((row, index) => !isRule(row) && !isRule(rows[index + 1]));
}

/** What is wrong with a row's claim; undefined when its test is there, or it claims nothing. */
function findFault(row: Row): string | undefined {
  const [feature] = row;
  const [memodag = "", proof = ""] = row.slice(-2);
  // A row that says no has nothing to prove; any other names its test.
  if (/^no\b/.test(memodag)) return proof === "" ? undefined : `${feature}: a test of what there is not`;
  const [, name, path] = /^\[(.+)\]\(\.\.\/(.+(?:\.test|-contract)\.ts)\)$/.exec(proof) ?? [];
  if (name === undefined || path === undefined) return `${feature}: names no test`;
  const file = join(repository, path);
  if (!existsSync(file)) return `${feature}: there is no ${path}`;
  const titles = ['"', "`"].map((quote) => `(${quote}${name}${quote}`);
  const code = readFileSync(file, "utf8").replaceAll(/\(\s+/g, "(");
  return titles.some((title) => code.includes(title)) ? undefined : `${feature}: ${path} has no "${name}"`;
}

test("every feature beside Airflow's names the test that shows it", () => {
  const rows = rowsOf(readFileSync(join(repository, "docs/airflow.md"), "utf8"));
  expect(rows.length).toBeGreaterThan(40);
  expect(rows.map(({ length }) => length)).toEqual(rows.map(() => 4));
  expect(rows.flatMap((row) => findFault(row) ?? [])).toEqual([]);
});

test("every behaviour beside Prefect's names the test that shows it", () => {
  const text = readFileSync(join(repository, "docs/prefect.md"), "utf8");
  const rows = rowsOf(text.slice(text.indexOf("## Behaviour by behaviour")));
  expect(rows.length).toBeGreaterThan(40);
  expect(rows.map(({ length }) => length)).toEqual(rows.map(() => 3));
  expect(rows.flatMap((row) => findFault(row) ?? [])).toEqual([]);
});

test("the check finds what is wrong", () => {
  const here = "../test/docs/coming-from.test.ts";
  const table = [
    "| feature | theirs | memodag | test |",
    "| --- | :-- | --- | --- |",
    "| a | yes | no: not yet | |",
    `| b | yes | yes | [the check finds what is wrong](${here}) |`,
    "| c | yes | yes | |",
    "| d | yes | yes | [x](../test/gone.test.ts) |",
    `| e | yes | yes | [a test that is${" "}not there](${here}) |`,
    `| f | yes | no | [x](${here}) |`,
  ];
  expect(rowsOf(table.join("\n")).flatMap((row) => findFault(row) ?? [])).toEqual([
    "c: names no test",
    "d: there is no test/gone.test.ts",
    'e: test/docs/coming-from.test.ts has no "a test that is not there"',
    "f: a test of what there is not",
  ]);
});
