// fake-gcs-server as Google Cloud Storage: it checks neither signatures nor md5.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installServers } from "./install-servers.ts";
import { freePorts, startServer } from "./server-process.ts";

/** A service with one empty bucket. */
export interface GoogleStorageServer {
  readonly pid: number;
  readonly endpoint: string;
  readonly bucket: string;
  stop(): Promise<void>;
}

const BUCKET = "results";

/** Starts the server with data in a folder of its own. */
export async function startGoogleStorage(): Promise<GoogleStorageServer> {
  const { fakeGcsServer } = await installServers();
  const folder = await mkdtemp(join(tmpdir(), "memodag-gcs-"));
  const [port = 0] = await freePorts(1);
  const endpoint = `http://127.0.0.1:${port}`;
  const args = {
    scheme: "http",
    host: "127.0.0.1",
    port: String(port),
    "external-url": endpoint,
    "public-host": `127.0.0.1:${port}`,
    "filesystem-root": folder,
    "log-level": "error",
  };
  const server = await startServer(
    fakeGcsServer,
    Object.entries(args).map(([name, value]) => `-${name}=${value}`),
    async () => {
      const made = await fetch(`${endpoint}/storage/v1/b?project=tests`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: BUCKET }),
      });
      return made.ok || made.status === 409;
    },
  );
  return {
    pid: server.pid,
    endpoint,
    bucket: BUCKET,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
