// Runs s3rver and says on which port.

import { rename } from "node:fs/promises";
import { createRequire } from "node:module";

/** The parts of s3rver that are used; it has no types. */
interface Rver {
  readonly store: { putContent(path: string, content: unknown): Promise<unknown> };
  run(): Promise<{ readonly port: number }>;
}

const S3rver = createRequire(import.meta.url)("@20minutes/s3rver") as new (options: object) => Rver;
const [directory, bucket] = process.argv.slice(2);
const rver = new S3rver({
  address: "127.0.0.1",
  port: 0,
  silent: true,
  directory,
  allowMismatchedSignatures: false,
  configureBuckets: [{ name: bucket, configs: [] }],
});
// Of an upload that breaks off, s3rver keeps the first part as an object; S3 keeps nothing.
const putContent = rver.store.putContent.bind(rver.store);
let uploads = 0;
rver.store.putContent = async (path, content) => {
  uploads += 1;
  const staged = `${path}.${uploads}`;
  const put = await putContent(staged, content);
  await rename(staged, path);
  return put;
};
const { port } = await rver.run();
process.stdout.write(`${JSON.stringify({ port })}\n`);
