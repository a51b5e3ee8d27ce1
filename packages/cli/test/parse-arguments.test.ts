import { describe, expect, it } from "vitest";
import {
  parseAge,
  parseConf,
  parseCount,
  parseDigest,
  parseParam,
  parseTime,
} from "../src/commands/parse-arguments.ts";

describe("parseConf", () => {
  it("takes a JSON object", () => {
    expect(parseConf('{"a": {"b": [1]}}')).toEqual({ a: { b: [1] } });
  });

  it.each([
    ["{bad", /^--conf is not JSON: .*position 1.*write an object/],
    ["", /^--conf is not JSON/],
    ["[1]", /^--conf must be a JSON object, found a list/],
    ["null", /found null/],
    ["3", /found a number/],
    ['{"a":{"id":9007199254740993}}', /^--conf: the number 9007199254740993 at \$\.a\.id is not exact/],
  ])("refuses %s", (text, message) => {
    expect(() => parseConf(text)).toThrow(
      expect.objectContaining({ code: "conf_invalid", message: expect.stringMatching(message) }),
    );
  });
});

describe("parseParam", () => {
  it("takes JSON where it is JSON, and text elsewhere", () => {
    const params = ["a=1", "b=true", "c=[2]", "d=Adelie", 'e="1"', "f=", "g=x=y"].reduce(
      (sum, text) => parseParam(text, sum),
      {},
    );
    expect(params).toEqual({ a: 1, b: true, c: [2], d: "Adelie", e: "1", f: "", g: "x=y" });
  });

  it("refuses numbers that would change, and takes them as text", () => {
    expect(() => parseParam("id=9007199254740993")).toThrow(
      /^--param id: the number at \$ is not exact in JavaScript: write it as a string, in double quotes$/,
    );
    expect(() => parseParam('o={"rows":[1e999]}')).toThrow(/^--param o: the number at \$\.rows\[0\] is not/);
    expect(parseParam('id="9007199254740993"')).toEqual({ id: "9007199254740993" });
  });

  it.each(["a", "=1", ""])("refuses %j", (text) => {
    expect(() => parseParam(text)).toThrow("NAME=VALUE");
  });
});

describe("parseTime", () => {
  it.each([
    ["2026-11-03", "2026-11-03T00:00:00.000Z"],
    ["2026-11-03T06:00", "2026-11-03T06:00:00.000Z"],
    ["2026-11-03T06:00:00.5Z", "2026-11-03T06:00:00.500Z"],
    ["2026-11-03T06:00+01:00", "2026-11-03T05:00:00.000Z"],
  ])("reads %s as %s", (text, iso) => {
    expect(new Date(parseTime(text)).toISOString()).toBe(iso);
  });

  it.each([
    "yesterday",
    "2026-02-30",
    "2026-02-31T00:00Z",
    "2026-13-01",
    "2026-11-03 06:00",
    "1",
    "2026-11-03T25:00Z",
  ])("refuses %s", (text) => {
    expect(() => parseTime(text)).toThrow("ISO 8601");
  });
});

describe("numbers, ages, digests", () => {
  it("reads what is meant", () => {
    expect(parseCount("20")).toBe(20);
    expect(parseAge("7d")).toBe(604_800_000);
    expect(parseDigest("00ff")).toBe("00ff");
  });

  it.each([
    [parseCount, "0", "whole number from 1"],
    [parseCount, "-1", "whole number from 1"],
    [parseCount, "1e3", "whole number from 1"],
    [parseAge, "7", "not a duration"],
    [parseAge, "soon", "not a duration"],
    [parseDigest, "%", "64 digits"],
    [parseDigest, "ab_", "64 digits"],
    [parseDigest, "", "64 digits"],
  ])("refuses what is not", (parse, text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
