import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Argument, Command } from "commander";
import { main } from "../src/main.ts";
import { createProgram } from "../src/program.ts";
import { captureOutput } from "./captured-output.ts";
import { Project } from "./project.ts";

describe("options before the command", () => {
  let project: Project;
  beforeAll(() => {
    project = new Project();
  });
  afterAll(() => project.remove());

  async function run(...args: string[]): Promise<{ code: number; text: string }> {
    const output = captureOutput();
    try {
      await main(args);
      return { code: Number(process.exitCode ?? 0), text: output.stdout + output.stderr };
    } finally {
      process.exitCode = undefined;
      output.restore();
    }
  }

  it("are those of the command, which has the last word", async () => {
    const config = join(project.folder, "memodag.toml");
    const before = await run("--config", config, "--json", "dags", "list");
    const after = await run("dags", "list", "--config", config, "--json");
    expect(after).toMatchObject({ code: 0, text: expect.stringContaining('"dagId": "shapes"') });
    expect(before).toEqual(after);
    expect(await run("--config", "nowhere.toml", "dags", "list", "--config", config, "--json")).toEqual(
      after,
    );
    expect(await run("--config", "nowhere.toml", "dags", "list")).toMatchObject({
      code: 2,
      text: expect.stringContaining("nowhere.toml"),
    });
    expect(await run("--config", config, "--team", "blue", "dags", "show", "shapes")).toMatchObject({
      code: 2,
      text: expect.stringContaining('of team "blue"'),
    });
  });

  it("are refused where the command takes none of the kind, and where nobody knows them", async () => {
    expect(await run("--team", "blue", "config", "check")).toEqual({
      code: 2,
      text: "memodag: `memodag … check` takes no --team: leave it out\n",
    });
    expect(await run("--jso", "dags", "list")).toMatchObject({
      code: 2,
      text: expect.stringMatching(/unknown option '--jso'.*`memodag dags list --help`/),
    });
  });
});

/** The words of every command. */
function leaves(command: Command, path: readonly string[] = []): string[][] {
  if (command.commands.length === 0) return [[...path]];
  return command.commands.flatMap((below) => leaves(below, [...path, below.name()]));
}

function wordFor(argument: Argument): string {
  // A key is digits of a digest, and other arguments may be anything.
  return argument.argChoices?.[0] ?? "ab12";
}

describe.each(leaves(createProgram()).map((path) => [path.join(" "), path] as const))("%s", (_name, path) => {
  /** The options that the command gets. */
  async function parse(wordsOf: (rest: readonly string[]) => readonly string[]): Promise<object> {
    const program = createProgram().configureOutput({ writeErr: () => undefined });
    const command = path.reduce<Command>((above, name) => {
      const below = above.commands.find((known) => known.name() === name);
      if (!below) throw new Error(`no command ${name}`);
      return below;
    }, program);
    let seen: object | undefined;
    command.action(() => void (seen = command.opts()));
    const needed = command.options.filter(({ mandatory }) => mandatory);
    const rest = [
      ...command.registeredArguments.filter(({ required }) => required).map(wordFor),
      ...needed.flatMap(({ long }) => [long ?? "", "2026-11-01"]),
    ];
    await program.parseAsync(wordsOf(rest), { from: "user" });
    if (!seen) throw new Error("the command did not run");
    return seen;
  }

  const known = new Set(
    path
      .reduce<Command | undefined>(
        (above, name) => above?.commands.find((below) => below.name() === name),
        createProgram(),
      )
      ?.options.map(({ long }) => long),
  );
  const given = [
    ...(known.has("--json") ? ["--json"] : []),
    ...(known.has("--config") ? ["--config", "a.toml"] : []),
    ...(known.has("--team") ? ["--team", "blue"] : []),
  ];

  it("takes the program's options wherever they stand", async () => {
    const after = await parse((rest) => [...path, ...rest, ...given]);
    expect(await parse((rest) => [...given, ...path, ...rest])).toEqual(after);
    expect(await parse((rest) => [...path, ...given, ...rest])).toEqual(after);
    const [first = "", ...others] = path;
    const between = path.length > 1 ? [first, ...given, ...others] : [...path, ...given];
    expect(await parse((rest) => [...between, ...rest])).toEqual(after);
  });
});
