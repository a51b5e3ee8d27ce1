// The routes of hosts: they register, beat, open a link and leave.

import type { Hono } from "hono";
import { listExpected } from "./expected-surroundings.ts";
import {
  ROUTES,
  readBeat,
  readRegistration,
  type BeatReply,
  type ExpectedReply,
  type RegisterAnswer,
} from "./protocol/index.ts";
import { ApiProblem } from "./problem.ts";
import { badRequest, readJson } from "./read-body.ts";
import { credentialsOf, type ApiEnv, type ApiParts } from "./api-parts.ts";

/** A beat names what runs by id; thousands fit. */
const LARGEST_BEAT_BYTES = 1_048_576;

const LARGEST_REGISTRATION_BYTES = 65_536;

/** Hosts of one token that are registered at a time. */
const MOST_HOSTS = 1_000;

/** Milliseconds between beats, unless the timeout is short. */
const BEAT_MS = 5_000;

/** Adds the routes. */
export function addWorkerRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  const { access, attempts, hosts, links, settings } = parts;

  app.post(ROUTES.register.path, async (c) => {
    const token = await access.ofToken(credentialsOf(c));
    const host = readRegistration(await readJson(c.env.incoming, LARGEST_REGISTRATION_BYTES));
    if (!host) throw badRequest("it is not a registration");
    const foreign = host.queues.filter((queue) => token.queues !== null && !token.queues.includes(queue));
    if (foreign.length > 0) {
      throw new ApiProblem(
        403,
        "worker_token_invalid",
        `The token "${token.name}" is not for the queue ${foreign.join(", ")}, but for ${token.queues?.join(", ")}: ` +
          "start the worker with these, or make another token with `memodag workers token`",
      );
    }
    const { heartbeatTimeoutMs } = settings();
    const known = await hosts.list({ beatMs: heartbeatTimeoutMs, linkMs: heartbeatTimeoutMs });
    if (known.filter(({ tokenId, state }) => tokenId === token.id && state !== "lost").length >= MOST_HOSTS) {
      throw new ApiProblem(
        429,
        "worker_api_failed",
        `There are ${MOST_HOSTS} workers with the token "${token.name}": make another one, or end some`,
      );
    }
    const workerId = await hosts.register({ ...host, tokenId: token.id });
    parts.log.info("a worker has registered", { workerId, name: host.name, host: host.host });
    const beatMs = Math.min(BEAT_MS, heartbeatTimeoutMs / 4);
    return c.json({ workerId, beatMs, settings: settings() } satisfies RegisterAnswer, 201);
  });

  app.post(ROUTES.beat.path, async (c) => {
    const { token, host } = await access.ofWorker(credentialsOf(c, c.req.param("id")));
    const beat = readBeat(await readJson(c.env.incoming, LARGEST_BEAT_BYTES));
    if (!beat) throw badRequest("it is not a beat");
    const { running, freePlaces = 0 } = beat;
    const [answer, longestWait] = await Promise.all([
      hosts.beat(host.id, { running }),
      freePlaces > 0 ? attempts.findLongestWait({ queues: host.queues, teams: token.teams }) : null,
    ]);
    return c.json({ ...answer, longestWait } satisfies BeatReply);
  });

  app.get(ROUTES.link.path, async (c) => {
    const { workerId } = await access.ofWorker(credentialsOf(c, c.req.param("id")));
    const stream = links.open(workerId);
    void links.look();
    return c.body(stream, 200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  });

  app.get(ROUTES.expected.path, async (c) => {
    const { token, host } = await access.ofWorker(credentialsOf(c, c.req.param("id")));
    const scope = { queues: host.queues, teams: token.teams };
    const dags = parts.keys ? await listExpected(parts.keys, scope) : [];
    return c.json({ dags } satisfies ExpectedReply);
  });

  app.delete(ROUTES.leave.path, async (c) => {
    const { workerId } = await access.ofWorker(credentialsOf(c, c.req.param("id")));
    links.leave(workerId);
    await hosts.leave(workerId);
    parts.log.info("a worker has left", { workerId });
    return c.body(null, 204);
  });
}
