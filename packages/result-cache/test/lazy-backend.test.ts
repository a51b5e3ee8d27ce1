import { LazyBackend, MemoryRecordStore, MemoryResultStore, type OpenedBackend } from "@memodag/result-cache";
import { expect, test } from "vitest";
import { ManualClock } from "@memodag/core/testing";

/** Openings that end when the test says, and how often the backend was closed. */
function openings() {
  const asked: PromiseWithResolvers<OpenedBackend>[] = [];
  const lazy = new LazyBackend(() => {
    const opening = Promise.withResolvers<OpenedBackend>();
    asked.push(opening);
    return opening.promise;
  });
  let closed = 0;
  const backend: OpenedBackend = {
    records: new MemoryRecordStore(new ManualClock()),
    results: new MemoryResultStore(),
    close: async () => void (closed += 1),
  };
  return { asked, lazy, backend, closed: () => closed };
}

test("calls share one attempt to open, and each that fails is followed by another", async () => {
  const { asked, lazy, backend } = openings();
  expect(asked).toHaveLength(0);
  const calls = [lazy.records.find("red", []), lazy.results.read("red", [])];
  expect(asked).toHaveLength(1);
  asked[0]?.reject(new Error("away"));
  for (const call of calls) await expect(call).rejects.toThrow("away");
  const again = lazy.records.count({});
  asked[1]?.resolve(backend);
  expect(await again).toBe(0);
  await lazy.results.write("red", [{ digest: "d", bytes: new Uint8Array([1]) }]);
  expect((await lazy.results.read("red", ["d"])).get("d")).toEqual(new Uint8Array([1]));
  expect(asked).toHaveLength(2);
});

test("what was opened is closed, also what comes late; what never was costs nothing", async () => {
  const opened = openings();
  const call = opened.lazy.records.count({});
  const closing = opened.lazy.close();
  opened.asked[0]?.resolve(opened.backend);
  await Promise.all([call, closing]);
  expect(opened.closed()).toBe(1);

  const untouched = openings();
  await untouched.lazy.close();
  expect(untouched.asked).toHaveLength(0);

  const broken = openings();
  const failing = broken.lazy.records.count({});
  broken.asked[0]?.reject(new Error("away"));
  await expect(failing).rejects.toThrow("away");
  await broken.lazy.close();
  expect(broken.closed()).toBe(0);
});
