// A queue on a real server, with both sides to open.

import { silentLogger, systemClock, type Logger } from "@memodag/core";
import type { EngineOptions } from "@memodag/remote-executor";
import type { OpenQueue } from "@memodag/remote-executor/testing";
import type { RedisServer } from "@memodag/test-servers";
import { openAttemptFeed, openDispatchEngine } from "../src/index.ts";

const PREFIX = "memodag";

/** All keys with what they hold. */
const DUMP = `
local lines = {}
for _, key in ipairs(redis.call("KEYS", "*")) do
  local kind = redis.call("TYPE", key)["ok"]
  local value = kind
  if kind == "string" then value = redis.call("GET", key)
  elseif kind == "hash" then value = cjson.encode(redis.call("HGETALL", key))
  elseif kind == "list" then value = cjson.encode(redis.call("LRANGE", key, 0, -1))
  elseif kind == "set" then value = cjson.encode(redis.call("SMEMBERS", key))
  elseif kind == "zset" then value = cjson.encode(redis.call("ZRANGE", key, 0, -1))
  elseif kind == "stream" then value = cjson.encode(redis.call("XRANGE", key, "-", "+"))
  end
  table.insert(lines, key .. " " .. value)
end
return table.concat(lines, "\\n")`;

export function engineOptions(url: string, fields: { readonly log?: Logger } = {}): EngineOptions {
  return {
    url,
    prefix: PREFIX,
    options: "",
    projectDir: import.meta.dirname,
    clock: systemClock,
    log: silentLogger,
    ...fields,
  };
}

/** Opens an empty queue. */
export async function openQueue(server: RedisServer, url: string = server.url): Promise<OpenQueue> {
  const flush = async (): Promise<void> => void (await server.command("FLUSHALL"));
  await flush();
  return {
    openEngine: () => openDispatchEngine(engineOptions(url)),
    openFeed: (plan, take) => openAttemptFeed({ ...engineOptions(url), ...plan }, take),
    flush,
    dump: async () => String(await server.command("EVAL", DUMP, "0")),
    close: async () => undefined,
  };
}
