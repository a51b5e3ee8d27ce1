// The options of a store on Redis, as they are written in the config.

import * as z from "zod";

/** Checks the options of a store. No message quotes the URL: it may have a password. */
export const optionsSchema = z.strictObject(
  {
    url: z
      .string('expected a URL such as "redis://localhost:6379"')
      .refine(
        (url) => URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol),
        'expected a URL such as "redis://localhost:6379", or rediss:// for TLS',
      ),
    prefix: z
      .preprocess(
        (value) => (value === "" ? undefined : value),
        z
          .string()
          .regex(
            /^[A-Za-z0-9._/-]{1,128}$/,
            'expected 1 to 128 letters, digits, ".", "_", "-" and "/", such as "memodag/prod"',
          )
          .optional(),
      )
      .default("memodag"),
  },
  "expected a table with at least `url`",
);

/** The options of a store. */
export type RedisOptions = z.output<typeof optionsSchema>;
