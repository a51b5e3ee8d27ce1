// Opens stores in a part of a server's bucket that no other test uses.

import { randomUUID } from "node:crypto";
import { systemClock, type Clock } from "@memodag/core";
import type { S3Server } from "@memodag/test-servers";
import { Bucket } from "../src/bucket.ts";
import { optionsSchema } from "../src/options.ts";

/** A server as a store's options name it. */
export type NamedServer = Pick<S3Server, "bucket" | "endpoint" | "credentialsFile">;

/** A bucket of a server, below a prefix of its own unless one is given. */
export function openBucket(
  server: NamedServer,
  options: Readonly<Record<string, string>> = {},
  clock: Pick<Clock, "now"> = systemClock,
): Bucket {
  const parsed = optionsSchema.parse({
    bucket: server.bucket,
    endpoint: server.endpoint,
    credentials_file: server.credentialsFile,
    prefix: `tests/${randomUUID()}`,
    ...options,
  });
  const bucket = new Bucket(parsed, "/", clock);
  // s3rver signs "/bucket" where the SDK, like every other server, signs "/bucket/".
  bucket.client.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as { path: string };
      if (request.path === `/${parsed.bucket}/`) request.path = `/${parsed.bucket}`;
      return await next(args);
    },
    { step: "build", name: "testBucketPath" },
  );
  return bucket;
}
