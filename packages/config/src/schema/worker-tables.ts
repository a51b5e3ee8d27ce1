// The tables of workers on other machines: their queue, the API that they ask, and their own processes.

import { availableParallelism } from "node:os";
import { key, section, unsetKey } from "./key.ts";
import { API_URLS, FILE, LISTEN, NAME, QUEUE_URL, QUEUES, STRING, WORKER_TOKEN } from "./named-values.ts";
import { defaultParallelism } from "./service-tables.ts";
import { boolean, duration, integer, nodeOptions, size } from "./value-types.ts";

export const executor = section("The queue through which tasks come to workers on other machines.", {
  url: unsetKey(QUEUE_URL, {
    description: "URL of the queue's server.",
    example: "rediss://queue.example:6379",
  }),
  url_file: unsetKey(FILE, {
    description: "File that contains the URL, an alternative to `url`.",
    example: "/run/secrets/memodag-queue-url",
  }),
  prefix: key(NAME, {
    description: "Prefix of all names in the queue's server, which can be shared.",
    default: "memodag",
  }),
  options: unsetKey(STRING, {
    description: "Options of the module that [core] executor names.",
    example: "namespace=memodag",
  }),
  options_file: unsetKey(FILE, {
    description: "File that contains the options, an alternative to `options`.",
    example: "/run/secrets/memodag-queue-options",
  }),
  lookahead: key(integer(1, 100), {
    description:
      "Tasks that are given to a queue for each place that its workers have, including those that run.",
    default: 2,
  }),
  link_grace: key(duration("1s", "1h"), {
    description: "How long a worker whose connection has ended counts as alive.",
    default: "10s",
  }),
  max_log_size: key(size("1KiB", "1GiB"), {
    description: "Maximum size of the log of an attempt that workers send. The rest stays on the worker.",
    default: "16MiB",
  }),
});

export const workerApi = section(
  "The HTTP server that workers on other machines ask. It is part of each scheduler.",
  {
    listen: unsetKey(LISTEN, {
      description:
        "Address and port to listen on. If unset, schedulers have no worker API. Addresses that are not of this machine alone need TLS.",
      example: "127.0.0.1:7433",
    }),
    tls_cert_file: unsetKey(FILE, {
      description: "File with the certificate of the server and those of its authorities, as PEM.",
      example: "/etc/memodag/worker-api.pem",
    }),
    tls_key_file: unsetKey(FILE, {
      description: "File with the key of the certificate, as PEM.",
      example: "/etc/memodag/worker-api.key",
    }),
    insecure: key(boolean, {
      description: "Allows other addresses without TLS, for a proxy in front that has it.",
      default: false,
    }),
  },
);

export const worker = section("Settings of the processes that run tasks, and of workers on other machines.", {
  node_options: key(nodeOptions, {
    description:
      "Node options of the processes that run tasks, such as --max-old-space-size=4096. A task's `memory` option takes precedence.",
    default: "",
  }),
  warm_processes: unsetKey(integer(0, 4_096), {
    description:
      "Maximum number of processes that are started ahead of the attempts that they will run, each for one. They start when attempts run, and end when none has needed them for a minute. If unset, as many as there are places for attempts. 0 starts none.",
    example: "8",
    live: true,
  }),
  warm_memory: unsetKey(size("0B"), {
    description:
      "Maximum memory of processes that wait, of which each counts as 32 MiB. If unset, an eighth of the machine's or container's, at most 1GiB.",
    example: "512MiB",
    live: true,
  }),
  api: key(API_URLS, {
    description: "For memodag worker: URLs of the worker APIs, separated by spaces.",
    default: "http://127.0.0.1:7433",
  }),
  token: unsetKey(WORKER_TOKEN, {
    description: "For memodag worker: its token, from memodag workers token.",
    example: "mdw_0123456789abcdef_…",
  }),
  token_file: unsetKey(FILE, {
    description: "For memodag worker: file that contains the token, an alternative to `token`.",
    example: "/run/secrets/memodag-worker-token",
  }),
  ca_file: unsetKey(FILE, {
    description:
      "For memodag worker: file with the certificates of the authorities of the worker API, as PEM. If unset, those of Node.",
    example: "/etc/memodag/ca.pem",
  }),
  queues: key(QUEUES, {
    description: "For memodag worker: the queues whose tasks it runs, separated by spaces.",
    default: "default",
  }),
  concurrency: key(integer(1, 4096), {
    description: "For memodag worker: maximum number of tasks that it runs at a time.",
    default: defaultParallelism(availableParallelism()),
    computed: "the number of cores that the process may use, at least 4",
  }),
  shutdown_grace: key(duration("0ms", "1d"), {
    description: "For memodag worker: how long running tasks may continue after it was told to stop.",
    default: "5m",
  }),
  input_cache_size: key(size("0B"), {
    description: "For memodag worker: size of the cache of arguments on its disk, in [core] state_dir.",
    default: "1GiB",
  }),
});
