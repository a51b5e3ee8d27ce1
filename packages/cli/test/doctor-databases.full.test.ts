// What doctor and the other commands say of databases that cannot be used, or not written to.

import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createTestDatabase, openTestMetastore } from "@memodag/metastore/testing";
import { describe, expect, it } from "vitest";
import { findFaults, soundProject } from "./doctor-project.ts";
import type { Outcome, Project } from "./project.ts";

describe("doctor, on PostgreSQL", () => {
  it("looks at a database that is the cache's own, too", async () => {
    await using database = await createTestDatabase("postgres");
    const project = soundProject(`[task_cache]\nurl = "${database.url}"\n`);
    expect(await findFaults(project)).toEqual([
      expect.stringMatching(/^fail cache: .* lacks 0001_runs, .*: run `memodag db migrate`$/),
    ]);
    await project.run("db", "migrate");
    expect(await findFaults(project)).toEqual([]);
    await database.drop();
    expect(await findFaults(project)).toEqual([
      expect.stringMatching(/^fail cache: cannot open the database/),
    ]);
    project.remove();
  });

  it("names migrations that are pending, and those of a newer program", async () => {
    await using database = await createTestDatabase("postgres");
    const project = soundProject(`[database]\nurl = "${database.url}"\n`);
    expect(await findFaults(project)).toEqual([
      expect.stringMatching(/^fail database: .* lacks 0001_runs, .*: run `memodag db migrate`$/),
    ]);
    await project.run("db", "migrate");
    expect(await findFaults(project)).toEqual([]);
    await database.execute("insert into schema_migration values ('9999_future', '2099-01-01T00:00:00Z')");
    expect(await findFaults(project)).toEqual([expect.stringMatching(/newer memodag \(9999_future\)/)]);
    project.remove();
  });

  it("and every other command say that it is read-only", async () => {
    await using metastore = await openTestMetastore("postgres");
    const project = soundProject(`[database]\nurl = "${metastore.url}"\n`);
    const name = new URL(metastore.url).pathname.slice(1);
    await project.run("dags", "run", "shapes");
    await metastore.execute(`alter database ${name} set default_transaction_read_only = on`);
    expect(await findFaults(project)).toEqual([
      expect.stringMatching(/^fail database: The database cannot be written to .*primary/),
    ]);
    await refusesToWrite(
      (...args) => project.run(...args),
      [...WRITING, ["dev"], ["dags", "pause", "shapes"]],
    );
    project.remove();
  });

  it("and every other command say that the password is wrong, and do not show it", async () => {
    // The server of the tests trusts everybody; this one trusts nobody.
    const server = createServer((socket) => {
      socket.once("data", () => {
        socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
        socket.once("data", () => socket.end(refusal('password authentication failed for user "ada"')));
      });
      socket.on("error", () => undefined);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const project = soundProject(`[database]\nurl = "postgres://ada:hunter2@127.0.0.1:${port}/db"\n`);
    const unreachable =
      /cannot open the database \S+:\*\*\*@\S+ \(password authentication failed for user "ada"\): check .* user, password/;
    expect(await findFaults(project)).toEqual([
      expect.stringMatching(/^warn config: database\.url: holds a password/),
      expect.stringMatching(unreachable),
    ]);
    for (const args of [
      ["runs", "list"],
      ["db", "status"],
      ["cache", "purge", "--all", "--yes"],
      ["scheduler"],
    ]) {
      const outcome = await project.run(...args);
      expect(outcome).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(unreachable) });
      expect(outcome.stderr).not.toMatch(/hunter2|\n +at /);
    }
    server.close();
    project.remove();
  });
});

describe("doctor, on a SQLite file without write permission", () => {
  it("and every other command say that it is read-only", async () => {
    const project = soundProject();
    await project.run("dags", "run", "shapes");
    const file = join(project.folder, ".memodag/metadata.db");
    chmodSync(file, 0o444);
    const run = (...args: string[]) => runWithoutPrivilege(project, args);
    const { code, stdout } = await run("doctor");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^fail {2}database +The database cannot be written to .*to its folder$/m);
    await refusesToWrite(run, WRITING);
    // What only reads works on.
    expect(await run("cache", "ls")).toMatchObject({ code: 0, stdout: expect.stringMatching(/shapes/) });
    expect(await run("runs", "list")).toMatchObject({ code: 0, stdout: expect.stringMatching(/shapes/) });
    project.remove();
  }, 60_000);
});

const WRITING = [
  ["dags", "run", "shapes"],
  ["cache", "disable"],
  ["cache", "purge", "--all", "--yes"],
  ["scheduler"],
];

/** Commands that write end with the mend in a line, and without a stack. */
async function refusesToWrite(
  run: (...args: string[]) => Promise<Outcome>,
  commands: readonly string[][],
): Promise<void> {
  const outcomes = [];
  for (const args of commands) outcomes.push({ args, ...(await run(...args)) });
  expect(outcomes).toEqual(
    commands.map((args) => ({
      args,
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^memodag: The database cannot be written to \([^\n]*\): [^\n]+\n$/),
    })),
  );
}

/** PostgreSQL's answer to a wrong password. */
function refusal(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C28P01\0M${message}\0\0`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(fields.length + 4);
  return Buffer.concat([Buffer.from("E"), length, fields]);
}

/** A process of root may write whatever it likes, unless it gives that up. */
async function runWithoutPrivilege(project: Project, args: readonly string[]): Promise<Outcome> {
  const command = [process.execPath, project.bin, ...args];
  const [program = "", ...words] =
    process.getuid?.() === 0
      ? ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override", ...command]
      : command;
  return await new Promise((resolve) => {
    const child = execFile(program, words, { cwd: project.folder }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}
