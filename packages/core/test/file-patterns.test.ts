import { expect, test } from "vitest";
import { resolve } from "node:path";
import { DeclaredPaths } from "../src/index.ts";

const matches = (pattern: string, path: string): boolean =>
  new DeclaredPaths("/bundle", [pattern]).includes(resolve("/bundle", path));

test.each([
  ["data/rows.csv", "data/rows.csv"],
  ["./data//rows.csv", "data/rows.csv"],
  ["data/*.csv", "data/rows.csv"],
  ["data/r?ws.[ct]sv", "data/rows.csv"],
  ["data/[!a-c]*", "data/rows.csv"],
  ["data/{rows,columns}.{csv,tsv}", "data/columns.tsv"],
  ["**/*.csv", "rows.csv"],
  ["**/*.csv", "a/b/rows.csv"],
  ["a/**/b", "a/b"],
  ["a/**/b", "a/x/y/b"],
  ["data", "data/deep/rows.csv"],
  ["data/", "data/rows.csv"],
  ["data/**", "data/.hidden/rows.csv"],
  ["data/*", "data/deep/rows.csv"],
  ["**", "anything/at/all"],
  ["../shared/*.csv", "../shared/rows.csv"],
  ["/mnt/data/*.csv", "/mnt/data/rows.csv"],
  ["data/.*", "data/.hidden"],
  ["**/node_modules/x.json", "node_modules/x.json"],
  ["a+(b).csv", "a+(b).csv"],
])("%s stands for %s", (pattern, path) => expect(matches(pattern, path)).toBe(true));

test.each([
  ["data/*.csv", "data/rows.tsv"],
  ["data/*.csv", "data/deep/rows.csv"],
  ["data/*.csv", "other/rows.csv"],
  ["data/*", "data/.hidden"],
  ["data", "database/rows.csv"],
  ["**/*.csv", ".git/rows.csv"],
  ["**/*.csv", "node_modules/x/rows.csv"],
  ["**/*.csv", "../rows.csv"],
  ["**", "/etc/passwd"],
  ["/mnt/*", "mnt/x"],
  ["data/a.csv", "data/aXcsv"],
])("%s does not stand for %s", (pattern, path) => expect(matches(pattern, path)).toBe(false));
