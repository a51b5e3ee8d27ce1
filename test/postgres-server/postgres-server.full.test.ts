import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as rest } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openMetastore } from "@memodag/metastore";
import { expect, test } from "vitest";
import { PostgresServer } from "./postgres-server.ts";

const RUNNER = fileURLToPath(new URL("start-and-wait.ts", import.meta.url));

test.runIf(process.platform === "linux")("a server goes when its runner is killed", async () => {
  const runner = spawn(process.execPath, [RUNNER], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = (await once(createInterface({ input: runner.stdout }), "line")) as [string];
  const { pid, url } = JSON.parse(line) as { pid: number; url: string };
  const metastore = await openMetastore(url);
  expect(isAlive(pid)).toBe(true);
  runner.kill("SIGKILL");
  await once(runner, "exit");
  while (isAlive(pid)) await rest(5);
  await expect(metastore.migrationStatus()).rejects.toBeInstanceOf(Error);
  await metastore.close();
  rmSync(new URL(url).searchParams.get("host") ?? "", { recursive: true, force: true });
});

test("a server that crashed goes on with its data when it is started again", async () => {
  const server = await PostgresServer.create();
  const metastore = await openMetastore(server.url("postgres"));
  await metastore.migrate();
  await server.crash();
  await expect(metastore.migrationStatus()).rejects.toBeInstanceOf(Error);
  await server.start();
  // The pool may still hold a connection that does not know yet that it is cut.
  const status = await metastore.migrationStatus().catch(() => metastore.migrationStatus());
  expect(status.pending).toEqual([]);
  await metastore.close();
  await server.stop();
  expect(server.pid).toBeUndefined();
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
