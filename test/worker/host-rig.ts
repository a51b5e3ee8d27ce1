// Worker hosts of a test: real processes, and what they say.

import { fork, type ChildProcess } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Attempt, AttemptOutcome } from "@memodag/core";
import { decodeFrame } from "./decode-frame.ts";
import type { ApiRig, RigToken } from "./api-rig.ts";
import type { HostEvent, HostOrder } from "./host-process.ts";

const PROCESS = join(import.meta.dirname, "host-process.ts");

/** A host of a test. */
export class TestHost {
  readonly name: string;
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly #events = new EventEmitter();
  readonly #over = new Map<string, string>();
  readonly exited: Promise<unknown>;

  constructor(name: string, env: NodeJS.ProcessEnv) {
    this.name = name;
    this.child = fork(PROCESS, [], { execArgv: ["--conditions=source"], env: { ...process.env, ...env } });
    this.#events.setMaxListeners(0);
    this.exited = once(this.child, "exit");
    this.child.on("message", (event: HostEvent) => {
      if (event.kind === "log") this.lines.push(`${event.level}: ${event.line}`);
      else if (event.kind === "over" || event.kind === "rejected")
        this.#over.set(event.attemptId, event.kind);
      this.#events.emit("event", event);
    });
  }

  /** Resolves when it has said something that fits. */
  async until(fits: () => boolean): Promise<void> {
    while (!fits()) await once(this.#events, "event");
  }

  /** Resolves when it takes attempts from its queue (again). */
  async untilOpened(): Promise<void> {
    for (;;) {
      const [event] = (await once(this.#events, "event")) as [HostEvent];
      if (event.kind === "ready") return;
    }
  }

  take({ attemptId }: Attempt): void {
    this.child.send({ take: attemptId });
  }

  /** Has it take an attempt, and resolves to how that ended. */
  async carryOut(attempt: Attempt): Promise<string | undefined> {
    this.take(attempt);
    await this.until(() => this.#over.has(attempt.attemptId));
    return this.#over.get(attempt.attemptId);
  }

  wasOver({ attemptId }: Attempt): boolean {
    return this.#over.has(attemptId);
  }
}

/** Hosts over one API. */
export class HostRig {
  readonly root: string = realpathSync(mkdtempSync(join(tmpdir(), "memodag-hosts-")));
  readonly bundleDir: string = join(this.root, "dags");
  readonly #rig: ApiRig;
  readonly #hosts: TestHost[] = [];

  constructor(rig: ApiRig) {
    this.#rig = rig;
    mkdirSync(this.bundleDir);
  }

  /** Starts a host; resolves when it is registered, unless it runs one attempt. */
  async start(
    token: RigToken,
    { env = {}, ...changes }: Partial<HostOrder> & { readonly env?: NodeJS.ProcessEnv } = {},
  ): Promise<TestHost> {
    const name = changes.name ?? `host-${this.#hosts.length}`;
    const host = new TestHost(name, env);
    this.#hosts.push(host);
    const order: HostOrder = {
      name,
      urls: [this.#rig.api.url],
      token: token.token,
      stateDir: join(this.root, name),
      bundleDir: this.bundleDir,
      shutdownGraceMs: 60_000,
      ...changes,
    };
    const ready = once(host.child, "message");
    host.child.send(order);
    if (changes.only === undefined)
      await host.until(() => host.lines.some((line) => line.includes("is registered")));
    else await ready;
    return host;
  }

  /** The outcome that was recorded. */
  async outcome({ attemptId }: Attempt): Promise<AttemptOutcome | undefined> {
    const bytes = (await this.#rig.metastore.remoteAttempts.outcomes([attemptId])).get(attemptId);
    return bytes && decodeFrame(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child, exited } of this.#hosts) {
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await exited;
    }
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}
