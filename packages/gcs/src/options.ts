// The options of a store on Google Cloud Storage, as they are written in the config.

import * as z from "zod";

/** Unset when empty, so that a commented config can show the key. */
function optional<S extends z.ZodType>(schema: S) {
  return z.preprocess((value) => (value === "" ? undefined : value), schema.optional());
}

function isPlainEndpoint(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  return url.username === "" && url.password === "" && url.search === "" && url.hash === "";
}

/** Checks the options of a store. Paths are relative to the folder of the config. */
export const optionsSchema = z.strictObject(
  {
    bucket: z
      .string('expected the name of a bucket, such as "acme-memodag"')
      .regex(
        /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/,
        "expected the name of a bucket: 3 to 222 lower-case letters, digits, dots, hyphens and underscores",
      ),
    prefix: optional(
      z
        .string()
        .regex(
          /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/,
          'expected names of letters, digits, ".", "_" and "-", separated by "/", such as "memodag/prod"',
        )
        .max(512, "expected at most 512 characters"),
    ),
    endpoint: optional(
      z
        .string()
        .refine(
          isPlainEndpoint,
          'expected a URL without a user, a password or a query, such as "http://127.0.0.1:4443"',
        ),
    ),
    credentials_file: optional(z.string()),
  },
  "expected a table with at least `bucket`",
);

/** The options of a store. */
export type GcsOptions = z.output<typeof optionsSchema>;
