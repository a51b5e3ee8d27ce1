// Starts processes that create values, and asks them to.

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { CreatorAnswer, CreatorOrder } from "./creator-process.ts";

const CREATOR = fileURLToPath(new URL("creator-process.ts", import.meta.url));

/** Starts a process that uses the cache `rates` of a database or of Redis, and waits until it has opened it. */
export async function startCreator(url: string, lease = "30s"): Promise<ChildProcess> {
  const child = fork(CREATOR, [url, lease], { execArgv: ["--conditions=source", "--no-warnings"] });
  await once(child, "message");
  return child;
}

/** Sends an order, and resolves to the answer. */
export async function askCreator(child: ChildProcess, order: CreatorOrder): Promise<CreatorAnswer> {
  return await new Promise((resolve) => {
    const listen = (answer: CreatorAnswer | string): void => {
      if (typeof answer === "string") return;
      child.off("message", listen);
      resolve(answer);
    };
    child.on("message", listen);
    child.send(order);
  });
}
