// Requests that are signed here and sent by others, who then need no credentials.

import { GetObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { ByteCheck, ByteGrant } from "@memodag/core";
import type { Bucket } from "./bucket.ts";
import { putCommand } from "./put-object.ts";

/** Signed requests are accepted for fifteen minutes. */
const VALID_FOR_SECONDS = 900;

/** The used fields of a signed request. */
interface SignedRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** A URL that reads an object. */
export async function grantReading(bucket: Bucket, key: string): Promise<ByteGrant> {
  const command = new GetObjectCommand({ Bucket: bucket.name, Key: key });
  await bucket.learnTime();
  const signingDate = new Date(bucket.time.now());
  const url = await getSignedUrl(bucket.client, command, { expiresIn: VALID_FOR_SECONDS, signingDate });
  return { kind: "http", method: "GET", url, headers: {}, validForMs: VALID_FOR_SECONDS * 1_000 };
}

/**
 * A request that writes exactly the bytes of `check`: length, digest and checksum are signed headers. Undefined with
 * `checksums = "md5"` and an unknown md5: not every service checks the digest.
 */
export async function grantWriting(
  bucket: Bucket,
  key: string,
  check: ByteCheck,
): Promise<ByteGrant | undefined> {
  if (bucket.checksums === "md5" && check.md5 === undefined) return undefined;
  // The client signs with the difference to its clock that it has seen.
  await bucket.learnTime();
  const command = putCommand(bucket, { key, check });
  const captured = Promise.withResolvers<SignedRequest>();
  command.middlewareStack.add(
    () => async (args) => {
      captured.resolve(args.request as SignedRequest);
      return { response: {}, output: { $metadata: {} } };
    },
    // After signing, and in place of sending.
    { step: "deserialize", priority: "high", name: "memodagCapture" },
  );
  await bucket.client.send(command);
  const { protocol, hostname, port, path, query = {}, headers } = await captured.promise;
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  const parameters = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value ?? "")]),
  );
  return {
    kind: "http",
    method: "PUT",
    url: `${protocol}//${host}${path}?${parameters}`,
    headers: signedHeaders(headers),
    validForMs: VALID_FOR_SECONDS * 1_000,
  };
}

/** Those that the signature covers, and the signature; `host` is in the URL. */
function signedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const authorization = byName.get("authorization") ?? "";
  const names = /SignedHeaders=(?<names>[^,]+)/.exec(authorization)?.groups?.["names"]?.split(";") ?? [];
  const kept = ["authorization", ...names.filter((name) => name !== "host")];
  return Object.fromEntries(kept.map((name) => [name, byName.get(name) ?? ""]));
}
