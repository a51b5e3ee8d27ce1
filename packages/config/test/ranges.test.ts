// Every duration, size and number of the config has both ends, and what is beyond them is refused by name.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { knownSections, loadConfig } from "../src/index.ts";

const KEYS = [...knownSections.values()].flatMap((section) =>
  [...section.keys].map(([name, { expected, of }]) => ({ section, name, expected, of })),
);

/** `from 1s to 1d`, `from 1 to 4096`: as the reference and the messages have it. */
const RANGE = /from (\d[\w.]*) to (\d[\w.]*)/;

const RANGED = KEYS.filter(({ expected }) => RANGE.test(expected) && !expected.startsWith("a name")).map(
  ({ section, name, expected, of }) => {
    const [, least = "", most = ""] = RANGE.exec(expected) ?? [];
    return { path: `${section.name}.${name}`, section, name, of, least, most };
  },
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "memodag-ranges-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Loads a config that says this of a key. */
function load({ section, name, of = "values" }: (typeof RANGED)[number], value: string): unknown {
  const written = /^-?\d+$/.test(value) ? value : JSON.stringify(value);
  const text = section.isList
    ? `[[${section.name}]]\n${section.name === "dag_retention" ? "dag" : "name"} = "x"\n${section.name === "caches" ? ofKind(of) : ""}${name} = ${written}\n`
    : `[${section.name}]\n${name} = ${written}\n`;
  writeFileSync(join(folder, "memodag.toml"), text);
  return loadConfig({ file: join(folder, "memodag.toml"), env: {}, cwd: folder });
}

const ofKind = (kind: string) => `kind = "${kind}"\n${kind === "entries" ? 'scope = "run"\n' : ""}`;

/** The value with another number before its unit. */
const scaled = (value: string, change: (number: number) => string) =>
  value.replace(/^[\d.]+/, (number) => change(Number(number)));

describe("ranges of keys", () => {
  it("are said of every key that is a duration, a size or a number", () => {
    const kinds = /duration|(?<!-)size|number/;
    const without = KEYS.filter(({ expected }) => kinds.test(expected) && !RANGE.test(expected));
    expect(without.map(({ name }) => name)).toEqual([]);
    expect(RANGED.length).toBeGreaterThan(18);
  });

  it.each(RANGED)("$path takes $least and $most, and nothing beyond", (key) => {
    for (const value of [key.least, key.most]) expect(() => load(key, value)).not.toThrow();
    const beyond = [
      scaled(key.most, (number) => String(number + 1)),
      scaled(key.most, (number) => `${number}${"0".repeat(30)}`),
      scaled(key.most, () => "9".repeat(400)),
      ...(parseFloat(key.least) === 0 ? [] : [scaled(key.least, () => "0")]),
      scaled(key.least, () => "-1"),
    ];
    for (const value of beyond) {
      expect(() => load(key, value)).toThrow(
        expect.objectContaining({
          code: "config_invalid",
          message: expect.stringMatching(`from ${key.least} to ${key.most}|cannot be represented`),
        }),
      );
    }
  });
});

describe("the size of values on PostgreSQL", () => {
  const write = (url: string, size: string): (() => unknown) => {
    writeFileSync(
      join(folder, "memodag.toml"),
      `[core]\nmax_xcom_size = "${size}"\n[database]\nurl = "${url}"\n`,
    );
    return () => loadConfig({ file: join(folder, "memodag.toml"), env: {}, cwd: folder });
  };

  it.each(["postgres://h/d", "postgresql://u@h:1/d"])("is bounded by what it takes, for %s", (url) => {
    expect(write(url, "240MiB")).not.toThrow();
    expect(write(url, "241MiB")).toThrow(
      "core.max_xcom_size: expected at most 240MiB, the maximum on PostgreSQL, found 241MiB",
    );
    expect(write("sqlite:x.db", "511MiB")).not.toThrow();
  });

  it("is bounded wherever the url stands", () => {
    const onSqlite = write("sqlite:x.db", "511MiB");
    expect(onSqlite).not.toThrow();
    const env = { MEMODAG__DATABASE__URL: "postgres://h/d" };
    expect(() => loadConfig({ file: join(folder, "memodag.toml"), env, cwd: folder })).toThrow(
      "core.max_xcom_size",
    );
  });
});
