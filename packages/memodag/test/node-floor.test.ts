import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

// Plain JavaScript, without a declaration.
const { refusalOf } = (await import(new URL("../bin/node-floor.js", import.meta.url).href)) as {
  refusalOf(version: string): string | null;
};

const SUPPORTED = "^22.19 || ^24.5 || >=26";

describe("the versions of Node that memodag runs on", () => {
  it.each(["package.json", "../create-memodag/package.json", "../../package.json"])(
    "are those of %s",
    (path) => {
      const text = readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
      expect((JSON.parse(text) as { engines: object }).engines).toEqual({ node: SUPPORTED });
    },
  );

  it.each([
    "22.19.0",
    "22.19.1",
    "22.20.0",
    "22.99.9",
    "24.5.0",
    "24.21.0",
    "24.99.0",
    "26.0.0",
    "26.5.1",
    "27.0.0",
    "30.1.0",
    "100.0.0",
  ])("include %s", (version) => {
    expect(refusalOf(version)).toBeNull();
  });

  it.each([
    "0.10.48",
    "4.9.1",
    "12.22.12",
    "18.20.8",
    "20.20.2",
    "21.99.0",
    "22.0.0",
    "22.1.9",
    "22.9.0",
    "22.18.0",
    "22.18.99",
    "23.0.0",
    "23.19.0",
    "23.99.0",
    "24.0.0",
    "24.4.0",
    "24.4.99",
    "25.0.0",
    "25.5.0",
    "25.99.0",
  ])("do not include %s: the sentence says which do, and what brings one", (version) => {
    const refusal = refusalOf(version);
    expect(refusal).toContain("22.19 or a later 22, 24.5 or a later 24, or 26 and later");
    expect(refusal).toContain(`this is Node ${version}: \`npm install --save-dev node@24\``);
  });
});
