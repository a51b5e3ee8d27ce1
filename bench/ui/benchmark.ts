// How much the pages are, and how long people wait for them, in a browser whose processor is slowed down.

import { openWebProject, type WebProject } from "@memodag/test/web-project";
import { openWindow, startBrowser, type TestWindow } from "@memodag/test/web-browser";
import type { Browser, CDPSession } from "playwright-core";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import { gridAnswer } from "./grid-answer.ts";

const FIRST_SCREEN_KIB = 170;
const SLOWED_DOWN = 4;
const COLD_MS = 1_000;
const FRAME_MS = 8;
const PIXEL_MS = 1_000;
const REPEATS = 5;
const FRAMES = 60;
const CHANGES = 10;

/** `npm run bench -- ui` */
export async function benchmark(report: Report): Promise<void> {
  const project = await openWebProject();
  const browser = await startBrowser();
  try {
    const window = await signIn(project, browser);
    await measureFirstScreen(window, report);
    await measureGrid(window, report);
    await measureChanges(project, window, report);
  } finally {
    await browser.close();
    await project.close();
  }
}

async function signIn(project: WebProject, browser: Browser): Promise<TestWindow> {
  const window = await openWindow(browser, project.url);
  await window.page.goto(await project.makeLink());
  await window.page.getByRole("heading", { name: "Home" }).waitFor();
  return window;
}

async function sessionOf({ page, context }: TestWindow): Promise<CDPSession> {
  return await context.newCDPSession(page);
}

/** From the address to the list that can be used; nothing is in the browser's cache. */
async function measureFirstScreen(window: TestWindow, report: Report): Promise<void> {
  const { page } = window;
  const devtools = await sessionOf(window);
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  let bytes = 0;
  const kinds = new Map<string, string>();
  devtools.on("Network.responseReceived", ({ requestId, type }) => kinds.set(requestId, type));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (["Script", "Stylesheet"].includes(kinds.get(requestId) ?? "")) bytes += encodedDataLength;
  });
  const load = async (path: string, ready: string): Promise<number> => {
    bytes = 0;
    const from = performance.now();
    await page.goto(path, { waitUntil: "commit" });
    await page.locator(ready).first().waitFor();
    return performance.now() - from;
  };
  await load("/dags", "table a");
  await page.waitForLoadState("networkidle");
  report(
    absolute("first screen, JS and CSS as sent", "KiB", bytes / 1024, {
      text: `≤ ${FIRST_SCREEN_KIB} KiB`,
      isMet: (kib) => kib <= FIRST_SCREEN_KIB,
    }),
  );
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWED_DOWN });
  const [cold, floor]: [number[], number[]] = [[], []];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    floor.push(await load("/mark.svg", "svg"));
    cold.push(await load("/dags", "table a"));
  }
  report(
    compared(
      `cold to a list of Dags, ${SLOWED_DOWN} times slower; floor: a picture`,
      "ms",
      { value: median(cold), floor: median(floor) },
      { text: `≤ ${COLD_MS} ms`, isMet: (_, ms) => ms <= COLD_MS },
    ),
  );
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: false });
  await devtools.detach();
}

/** The main thread's time for a frame while a grid of 100 runs and 200 tasks is scrolled both ways. */
async function measureGrid(window: TestWindow, report: Report): Promise<void> {
  const { page } = window;
  await page.route("**/api/v1/teams/default/dags/shop/grid*", (route) =>
    route.fulfill({ json: gridAnswer(100, 200) }),
  );
  await page.goto("/teams/default/dags/shop");
  await page.getByRole("grid").waitFor();
  const devtools = await sessionOf(window);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const busyMs = async (work: string): Promise<number> => {
    const before = await taskSeconds(devtools);
    await page.evaluate(`new Promise((resolve) => {
      const grid = document.querySelector("[role=grid]");
      let frame = 0;
      const next = () => {
        ${work};
        if (++frame < ${FRAMES}) requestAnimationFrame(next); else resolve();
      };
      requestAnimationFrame(next);
    })`);
    return (((await taskSeconds(devtools)) - before) * 1_000) / FRAMES;
  };
  const [scrolled, still]: [number[], number[]] = [[], []];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    scrolled.push(await busyMs("grid.scrollTop = frame * 30; grid.scrollLeft = frame * 15"));
    still.push(await busyMs(""));
  }
  report(
    compared(
      "a frame of a scrolled grid, 100 × 200; floor: one at rest",
      "ms",
      { value: median(scrolled), floor: Math.max(0.01, median(still)) },
      { text: `≤ ${FRAME_MS} ms`, isMet: (_, ms) => ms <= FRAME_MS },
    ),
  );
  await page.unroute("**/api/v1/teams/default/dags/shop/grid*");
  await devtools.detach();
}

async function taskSeconds(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
}

/** From the row in the database to the page that shows it. Both clocks are this machine's. */
async function measureChanges(project: WebProject, { page }: TestWindow, report: Report): Promise<void> {
  await page.goto("/teams/default/dags/shop");
  const waits: number[] = [];
  for (let change = 0; change < CHANGES; change++) {
    const known = Number(/, (\d+) runs/.exec((await page.getByText(/, \d+ runs/).textContent()) ?? "")?.[1]);
    const seen = page.getByText(`, ${known + 1} runs`).waitFor();
    const { runId } = await project.workspace.json<{ runId: string }>("dags", "trigger", "shop");
    await seen;
    const at = Date.now();
    const listed = await project.workspace.json<{ runId: string; createdAt: string }[]>("runs", "list");
    const created = listed.find((run) => run.runId === runId)?.createdAt ?? "";
    waits.push(at - Date.parse(created));
  }
  report(
    absolute("from a new run to the page, the slowest of 10", "ms", Math.max(...waits), {
      text: `≤ ${PIXEL_MS} ms`,
      isMet: (ms) => ms <= PIXEL_MS,
    }),
  );
}
