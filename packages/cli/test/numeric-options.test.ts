// Every option of every command that stands for a number or a time: what is out of range is a usage error.

import { InvalidArgumentError, type Command, type Option } from "commander";
import { expect, it } from "vitest";
import { createProgram } from "../src/program.ts";

const OUT_OF_RANGE = [
  "-1",
  "1.5",
  "1e400",
  "9".repeat(400),
  String(2 ** 53),
  "NaN",
  "Infinity",
  "0x10",
  "",
  " 1",
  "١",
];

function optionsOf(
  command: Command,
  path: readonly string[],
): { readonly name: string; readonly option: Option }[] {
  return [
    ...command.options.map((option) => ({ name: [...path, option.long ?? option.short].join(" "), option })),
    ...command.commands.flatMap((each) => optionsOf(each, [...path, each.name()])),
  ];
}

const OPTIONS = optionsOf(createProgram(), []);
const NUMERIC = OPTIONS.filter(({ option }) => /<(n|count|number)>/.test(option.flags));
const TIMES = OPTIONS.filter(({ option }) => /<(age|duration|time|date|when|from|to)>/.test(option.flags));

/** What commander does with the text behind an option. */
function parse({ parseArg, defaultValue }: Option, text: string): unknown {
  if (!parseArg) return text;
  return parseArg(text, defaultValue as never);
}

it("there are options that take numbers, and options that take times", () => {
  expect(NUMERIC.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["tasks set-state --map-index", "runs list --limit", "cache ls --offset"]),
  );
  expect(TIMES.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["cache purge --older-than", "audit ls --since"]),
  );
});

it.each(NUMERIC)("$name takes whole numbers alone", ({ option }) => {
  for (const text of OUT_OF_RANGE) expect(() => parse(option, text)).toThrow(InvalidArgumentError);
  expect(parse(option, "7")).toBe(7);
  expect(Number.isSafeInteger(parse(option, "999999999"))).toBe(true);
});

it.each(TIMES)("$name takes no time that no clock shows", ({ option }) => {
  const texts = [
    ...OUT_OF_RANGE,
    `${"9".repeat(400)}w`,
    "1e400d",
    "99999999999999w",
    "275761-01-01",
    "2026-13-01",
  ];
  for (const text of texts) expect(() => parse(option, text)).toThrow(InvalidArgumentError);
});
