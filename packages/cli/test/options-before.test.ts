import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { main } from "../src/main.ts";
import { Project } from "./project.ts";

describe("options before the command", () => {
  let project: Project;
  beforeAll(() => {
    project = new Project();
  });
  afterAll(() => project.remove());

  async function run(...args: string[]): Promise<{ code: number; text: string }> {
    let text = "";
    const spies = (["stdout", "stderr"] as const).map((name) =>
      vi.spyOn(process[name], "write").mockImplementation((chunk) => {
        text += String(chunk);
        return true;
      }),
    );
    try {
      await main(args);
      return { code: Number(process.exitCode ?? 0), text };
    } finally {
      process.exitCode = undefined;
      for (const spy of spies) spy.mockRestore();
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
