// The contract suites are for stores that nobody here has seen: each of these faults must fail them.

import { expect, test } from "vitest";
import {
  MemoryLeaseStore,
  MemoryRecordStore,
  MemoryResultStore,
  type RecordFilter,
} from "../../src/index.ts";
import {
  describeLeaseStore,
  describeRecordStore,
  describeResultStore,
  type TestRunner,
} from "../../src/testing/index.ts";
import { ManualClock } from "@memodag/core/testing";

type Records = MemoryRecordStore;
type Results = MemoryResultStore;
type Fault<Store> = (right: Store) => Partial<Store>;

const asPattern = (text: string) => new RegExp(`^${text.replaceAll("%", ".*").replaceAll("_", ".")}$`, "i");

const RECORD_FAULTS: Record<string, Fault<Records>> = {
  "finds other teams' records": (right) => ({
    find: async (_team, keys) => {
      const rows = await right.list({}, { limit: 1_000, offset: 0 });
      return new Map(rows.filter((row) => keys.includes(row.key)).map((row) => [row.key, row]));
    },
  }),
  "finds the first 500 keys": (right) => ({ find: (team, keys) => right.find(team, keys.slice(0, 500)) }),
  "folds the case of teams": (right) => ({ find: (team, keys) => right.find(team.toLowerCase(), keys) }),
  "forgets the expiry": (right) => ({ put: (record, mode) => right.put({ ...record, ttlMs: null }, mode) }),
  "forgets how long a record is valid": (right) => ({
    put: (given, mode) => {
      const { validForMs: _, ...record } = given;
      return right.put(record, mode);
    },
  }),
  "drops __proto__": (right) => ({
    put: (record, mode) => {
      const inputs: Record<string, string> = {};
      for (const [name, digest] of Object.entries(record.components.inputs)) inputs[name] = digest;
      return right.put({ ...record, components: { ...record.components, inputs } }, mode);
    },
  }),
  "forgets the error": (right) => ({ put: (record, mode) => right.put({ ...record, error: null }, mode) }),
  "keeps a failure like a result": (right) => ({
    async put(record, mode) {
      const present = (await right.find(record.team, [record.key])).get(record.key);
      const isKept = present?.error && record.error === null && mode === "keep-live";
      return isKept ? { kind: "kept", resultDigest: "" } : await right.put(record, mode);
    },
  }),
  "never replaces": (right) => ({ put: (record) => right.put(record, "keep-live") }),
  "always replaces": (right) => ({ put: (record) => right.put(record, "replace") }),
  "looks before it puts": (right) => ({
    async put(record, mode) {
      const present = (await right.find(record.team, [record.key])).get(record.key);
      await new Promise<void>((resolve) => setImmediate(resolve));
      return await right.put(record, present ? mode : "replace");
    },
  }),
  "names another XCom's digest": (right) => ({
    async put(record, mode) {
      const outcome = await right.put(record, mode);
      if (outcome.kind === "stored") return outcome;
      const present = (await right.find(record.team, [record.key])).get(record.key);
      return { kind: "kept", resultDigest: present?.xcoms[0]?.digest ?? "" };
    },
  }),
  "counts one hit for many": (right) => ({
    touch: (team, hits) =>
      right.touch(
        team,
        hits.map(({ key }) => ({ key, count: 1 })),
      ),
  }),
  "counts hits for every team": (right) => ({
    async touch(_team, hits) {
      for (const { team } of await right.stats({})) await right.touch(team, hits);
    },
  }),
  "knows one order": (right) => ({
    list: (filter, { limit, offset }) => right.list(filter, { limit, offset }),
  }),
  "knows one direction": (right) => ({
    list: (filter, { limit, offset, sort = "age" }) => right.list(filter, { limit, offset, sort }),
  }),
  "sorts the page alone": (right) => ({
    async list(filter, page) {
      const first = await right.list(filter, { limit: page.limit, offset: page.offset });
      const keys = new Set(first.map(({ key }) => key));
      const all = await right.list(filter, { ...page, limit: 1_000, offset: 0 });
      return all.filter(({ key }) => keys.has(key));
    },
  }),
  "names one cause for all that went": (right) => ({ purge: (filter) => right.purge(filter) }),
  "shows what went to every team": (right) => ({
    async findRemovals(_team, keys) {
      return new Map([...(await right.findRemovals("ml", keys)), ...(await right.findRemovals("ops", keys))]);
    },
  }),
  "lists oldest first": (right) => ({
    list: async (filter, page) =>
      (await right.list(filter, { limit: 1_000, offset: 0 }))
        .toReversed()
        .slice(page.offset)
        .slice(0, page.limit),
  }),
  "ignores the offset": (right) => ({
    list: (filter, page) => right.list(filter, { limit: page.limit, offset: 0 }),
  }),
  "takes text for a pattern": (right) => ({
    async count(filter) {
      const { dagId, ...rest } = filter;
      const rows = await right.list(rest, { limit: 1_000, offset: 0 });
      return rows.filter((row) => dagId === undefined || asPattern(dagId).test(row.dagId)).length;
    },
  }),
  "takes a prefix for a pattern": (right) => ({
    async purge({ keyPrefix, ...rest }) {
      if (keyPrefix === undefined) return await right.purge(rest);
      const rows = await right.list(rest, { limit: 1_000, offset: 0 });
      const doomed = rows.filter((row) => asPattern(`${keyPrefix}%`).test(row.key));
      for (const { team, key } of doomed) await right.purge({ team, key });
      return doomed.length;
    },
  }),
  "purges what took a record's place": (right) => ({
    purge: (filter, cause) => {
      const whatever = { ...filter };
      delete whatever.createdAt;
      return right.purge(whatever, cause);
    },
  }),
  "takes an empty team for none": (right) => ({ purge: (filter) => right.purge(withoutEmpty(filter)) }),
  "sums the first XCom": (right) => ({
    stats: async (filter) =>
      (await right.stats(filter)).map((task) => ({ ...task, sizeBytes: 7 * task.entries })),
  }),
  "says that it purged more than it did": (right) => ({
    purge: async (filter) => (await right.purge(filter)) + 1,
  }),
};

const RESULT_FAULTS: Record<string, Fault<Results>> = {
  "shares bytes between teams": (right) => ({
    read: (_team, digests) => right.read("", digests),
    write: (_team, results) => right.write("", results),
  }),
  "keeps damaged bytes": (right) => ({
    async write(team, results) {
      const present = await right.read(
        team,
        results.map(({ digest }) => digest),
      );
      await right.write(
        team,
        results.filter(({ digest }) => !present.has(digest)),
      );
    },
  }),
  "compares sizes alone": (right) => ({
    async write(team, results) {
      const present = await right.read(
        team,
        results.map(({ digest }) => digest),
      );
      const differs = results.filter(({ digest, bytes }) => present.get(digest)?.length !== bytes.length);
      await right.write(team, differs);
    },
  }),
  "never deletes": () => ({ delete: async () => {} }),
  "takes bytes for text": (right) => ({
    write: (team, results) =>
      right.write(
        team,
        results.map(({ digest, bytes }) => ({ digest, bytes: Buffer.from(Buffer.from(bytes).toString()) })),
      ),
  }),
  "reads the whole buffer behind a view": (right) => ({
    write: (team, results) =>
      right.write(
        team,
        results.map(({ digest, bytes }) => ({ digest, bytes: new Uint8Array(bytes.buffer) })),
      ),
  }),
};

test.each(Object.entries(RECORD_FAULTS))("a record store that %s fails", async (_name, fault) => {
  const failures = await failuresOf((runner) => {
    const open = async () => {
      const clock = new ManualClock();
      const store = withFault(new MemoryRecordStore(clock), fault);
      return { store, passTime: async (ms: number) => clock.advance(ms), close: async () => {} };
    };
    describeRecordStore("faulty", { open }, runner);
  });
  expect(failures).not.toEqual([]);
});

const LEASE_FAULTS: Record<string, Fault<MemoryLeaseStore>> = {
  "gives it to everybody": () => ({ tryAcquire: async () => ({ kind: "acquired", token: Math.random() }) }),
  "forgets the team": (right) => ({
    tryAcquire: (_team, key, holder, leaseMs) => right.tryAcquire("all", key, holder, leaseMs),
  }),
  "never expires": (right) => ({
    tryAcquire: (team, key, holder) => right.tryAcquire(team, key, holder, 1e9),
  }),
  "renews what is over": () => ({ tryRenew: async () => true }),
  "does not renew": (right) => ({ tryRenew: (team, key, token) => right.tryRenew(team, key, token, 0) }),
  "renews together what is over": () => ({ renewAll: async (leases) => leases.map(() => true) }),
  "renews the first together": (right) => ({
    renewAll: async (leases, leaseMs) => {
      const renewed = await right.renewAll(leases.slice(0, 500), leaseMs);
      return leases.map((_, index) => renewed[index] ?? false);
    },
  }),
  "does not renew together": () => ({ renewAll: async (leases) => leases.map(() => false) }),
  "releases together whatever the token": (right) => ({
    releaseAll: async (leases) => {
      for (const { team, key } of leases) await right.tryRevoke(team, key);
    },
  }),
  "releases the first together": (right) => ({
    releaseAll: (leases) => right.releaseAll(leases.slice(0, 500)),
  }),
  "releases nothing": () => ({ release: async () => {} }),
  "lists what has expired": (right) => ({
    list: async (team) =>
      team === undefined
        ? [...(await right.list()), { team: "ml", key: "00", holder: "gone", expiresAt: 1 }]
        : await right.list(team),
  }),
  "lists all teams": (right) => ({ list: () => right.list() }),
  "revokes nothing": () => ({ tryRevoke: async () => true }),
  "does not say what it revoked": (right) => ({
    tryRevoke: async (team, key) => (await right.tryRevoke(team, key)) && false,
  }),
  "begins its tokens anew": (right) => ({
    async tryAcquire(team, key, holder, leaseMs) {
      const claim = await right.tryAcquire(team, key, holder, leaseMs);
      return claim.kind === "acquired" ? { kind: "acquired", token: 1 } : claim;
    },
  }),
};

test.each(Object.entries(LEASE_FAULTS))("a lease store that %s fails", async (_name, fault) => {
  const failures = await failuresOf((runner) => {
    const open = async () => {
      const clock = new ManualClock();
      const store = withFault(new MemoryLeaseStore(clock), fault);
      return { store, passTime: async (ms: number) => clock.advance(ms), close: async () => {} };
    };
    describeLeaseStore("faulty", { open }, runner);
  });
  expect(failures).not.toEqual([]);
});

test.each(Object.entries(RESULT_FAULTS))("a result store that %s fails", async (_name, fault) => {
  const failures = await failuresOf((runner) => {
    const open = async () => ({ store: withFault(new MemoryResultStore(), fault), close: async () => {} });
    describeResultStore("faulty", { open }, runner);
  });
  expect(failures).not.toEqual([]);
});

/** Names of the tests that fail of what `register` registers. */
async function failuresOf(register: (runner: TestRunner) => void): Promise<string[]> {
  const cases: [string, () => Promise<void>][] = [];
  register({ describe: (_name, body) => body(), test: (name, body) => cases.push([name, body]) });
  const failures: string[] = [];
  for (const [name, body] of cases) await body().catch(() => failures.push(name));
  return failures;
}

function withFault<Store extends object>(right: Store, fault: Fault<Store>): Store {
  const faulty = fault(right);
  return new Proxy(right, {
    get(target, name: keyof Store & string) {
      const method = faulty[name] ?? target[name];
      return typeof method === "function" ? (method.bind(target) as unknown) : method;
    },
  });
}

function withoutEmpty({ team, ...rest }: RecordFilter): RecordFilter {
  return team ? { team, ...rest } : rest;
}
