// s3rver as a process of its own. It checks signatures, but its listings have one page, and no conditions hold.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { credentialsText, type S3Server } from "@memodag/test-servers";

const BUCKET = "results";
/** Those that s3rver knows. */
const KEY = "S3RVER";

/** Starts a server with an empty bucket. */
export async function startS3rver(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), "memodag-s3rver-"));
  const credentialsFile = join(folder, "credentials");
  await writeFile(credentialsFile, credentialsText(KEY, KEY));
  const script = fileURLToPath(new URL("s3rver-process.ts", import.meta.url));
  const server = spawn(process.execPath, [script, join(folder, "data"), BUCKET], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(server, "exit");
  const lines = createInterface({ input: server.stdout });
  const [line] = (await Promise.race([
    once(lines, "line"),
    ended.then(() => Promise.reject(new Error("s3rver did not start"))),
  ])) as [string];
  const { port } = JSON.parse(line) as { port: number };
  return {
    pid: server.pid ?? 0,
    endpoint: `http://127.0.0.1:${port}`,
    bucket: BUCKET,
    accessKeyId: KEY,
    secretAccessKey: KEY,
    credentialsFile,
    async stop() {
      server.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
