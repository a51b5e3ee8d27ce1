// SeaweedFS as an S3 service: it checks signatures and checksums, and its listings have pages.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installServers } from "./install-servers.ts";
import { freePorts, startServer } from "./server-process.ts";

/** An S3 service with one empty bucket. */
export interface S3Server {
  readonly pid: number;
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** A file with these credentials, for `credentials_file`. */
  readonly credentialsFile: string;
  stop(): Promise<void>;
}

const BUCKET = "results";
const ACCESS_KEY = "memodag-tests";
const SECRET_KEY = "not-a-secret-of-anyone";

/** The format in which AWS's tools keep credentials. */
export function credentialsText(accessKeyId: string, secretAccessKey: string): string {
  return `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
}

/** Starts SeaweedFS with data in a folder of its own. */
export async function startSeaweed(): Promise<S3Server> {
  const { weed } = await installServers();
  const folder = await mkdtemp(join(tmpdir(), "memodag-seaweed-"));
  const credentialsFile = join(folder, "credentials");
  await writeFile(credentialsFile, credentialsText(ACCESS_KEY, SECRET_KEY));
  const config = join(folder, "s3.json");
  const credentials = [{ accessKey: ACCESS_KEY, secretKey: SECRET_KEY }];
  // No administrator: it would make buckets that are missing.
  const actions = ["Read", "Write", "List", "Tagging"];
  await writeFile(config, JSON.stringify({ identities: [{ name: "tests", credentials, actions }] }));
  const names = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port"];
  const ports = await freePorts(names.length + 4);
  const [filerGrpc = 0, s3 = 0, s3Grpc = 0, debug = 0] = ports.slice(names.length);
  const filer = ports[names.indexOf("filer.port")] ?? 0;
  const endpoint = `http://127.0.0.1:${s3}`;
  const server = await startServer(
    weed,
    [
      "server",
      "-ip=127.0.0.1",
      "-ip.bind=127.0.0.1",
      `-dir=${folder}`,
      "-filer",
      "-s3",
      `-s3.config=${config}`,
      `-s3.port=${s3}`,
      `-s3.port.grpc=${s3Grpc}`,
      "-s3.port.iceberg=0",
      "-s3.port.lance=0",
      "-s3.autoCreateBucket=false",
      `-filer.port.grpc=${filerGrpc}`,
      ...names.map((name, index) => `-${name}=${ports[index]}`),
      "-volume.max=20",
      "-master.telemetry=false",
      `-debug.port=${debug}`,
    ],
    async () => {
      // A bucket is a folder of the filer; one with a file in it proves that all parts are up.
      const probe = `http://127.0.0.1:${filer}/buckets/${BUCKET}/probe`;
      const put = await fetch(probe, { method: "PUT", body: "x".repeat(5_000) });
      if (!put.ok) return false;
      await fetch(probe, { method: "DELETE" });
      return (await fetch(endpoint)).status < 500;
    },
  );
  return {
    pid: server.pid,
    endpoint,
    bucket: BUCKET,
    accessKeyId: ACCESS_KEY,
    secretAccessKey: SECRET_KEY,
    credentialsFile,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
