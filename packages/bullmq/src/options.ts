// The options of an engine on BullMQ, checked. No message quotes the URL: it may have a password.

import { MemodagError } from "@memodag/core";
import type { EngineOptions } from "@memodag/remote-executor";
import * as z from "zod";

const URL_NEEDED = 'use one such as "redis://queue.example:6379", or rediss:// for TLS';

const optionsSchema = z.object({
  url: z
    .string()
    .refine(
      (url) => URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol),
      `[executor] url is not a URL of Redis: ${URL_NEEDED}`,
    ),
  prefix: z
    .string()
    .regex(
      /^[A-Za-z0-9._/-]{1,128}$/,
      '[executor] prefix must be 1 to 128 letters, digits, ".", "_", "-" and "/", such as "memodag"',
    ),
  options: z.string().regex(/^\s*$/, "[executor] options: BullMQ has none; remove them"),
});

/** The address of a queue. */
export interface QueueAddress {
  readonly url: string;
  readonly prefix: string;
}

/** @throws MemodagError `config_invalid` */
export function parseOptions({ url, prefix, options }: EngineOptions): QueueAddress {
  const result = optionsSchema.safeParse({ url, prefix, options });
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ message }) => message);
  throw new MemodagError("config_invalid", faults.join("\n"), { fields: { faults } });
}
