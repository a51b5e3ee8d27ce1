// Runs, task instances and comparisons in a real browser.

import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBarriers, openWindow, startBrowser, type TestWindow } from "./browser.ts";
import { openWebProject, type WebProject } from "./web-project.ts";

let project: WebProject;
let browser: Browser;
let runIds: string[];
beforeAll(async () => {
  [project, browser] = await Promise.all([openWebProject(), startBrowser()]);
  const runs = await project.workspace.json<{ runId: string }[]>("runs", "list");
  runIds = runs.map(({ runId }) => runId).toReversed();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await project?.close();
});

/** Where the pictures of a run of tests go. */
const PICTURES = process.env["MEMODAG_TEST_PICTURES"];

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

async function signIn(theme: "light" | "dark" = "light"): Promise<TestWindow> {
  const window = await openWindow(browser, project.url, { theme });
  await window.page.goto(await project.makeLink());
  await window.page.getByRole("heading", { name: "Home" }).waitFor();
  return window;
}

async function focusedText(page: Page): Promise<string> {
  return (await page.locator(":focus").allTextContents()).join("");
}

const address = (at: number, search = ""): string =>
  `/teams/default/dags/shop/runs/${encodeURIComponent(runIds[at] ?? "")}${search}`;

describe("a run", () => {
  it("says what was remembered, and leads from a missed cell to the changed param in one click", async () => {
    const { page, context, faults } = await signIn();
    await page.goto(address(2));
    await page.getByText("Why tasks ran").waitFor();
    await picture(page, "run");
    await page.getByRole("button", { name: "price" }).click();
    await page.getByRole("link", { name: "[1]" }).click();
    const panel = page.getByRole("complementary", { name: "Task instance" });
    await panel.getByRole("cell", { name: "params.seed" }).waitFor();
    await panel.getByRole("link", { name: "all that differs" }).waitFor();
    await picture(page, "run-panel");
    expect(faults).toEqual([]);
    await context.close();
  });

  it("can be read with the keyboard alone, and says before each act what it would do", async () => {
    const { page, context, faults } = await signIn();
    await page.goto(address(3));
    const rows = page.getByRole("list", { name: "Tasks of the run" });
    await rows.getByRole("link", { name: "load" }).waitFor();
    await page.keyboard.press("j");
    await expect.poll(() => focusedText(page), { timeout: 20_000 }).toContain("load");
    await page.keyboard.press("j");
    await expect.poll(() => focusedText(page), { timeout: 20_000 }).toContain("price");
    await page.keyboard.press("Enter");
    await rows.getByRole("link", { name: "[2]" }).waitFor();
    await page.keyboard.press("e");
    await expect.poll(() => page.url(), { timeout: 20_000 }).toContain("only=failed");
    await rows.getByRole("link", { name: "load" }).waitFor({ state: "detached" });
    await rows.getByRole("link", { name: "sum" }).focus();
    await page.keyboard.press("Enter");
    const panel = page.getByRole("complementary", { name: "Task instance" });
    await panel.getByText("the till is empty").first().waitFor();
    await page.keyboard.press("w");
    await panel.getByRole("tab", { name: "Why", selected: true }).waitFor();
    await panel.getByRole("button", { name: "Run it anew" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByText("The run is queued again with report, sum.").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
    expect(faults).toEqual([]);
    await context.close();
  });

  it("is shown as a graph with its own marks", async () => {
    const { page, context, faults } = await signIn();
    await page.goto(address(3));
    await page.getByRole("button", { name: "graph", exact: true }).click();
    const graph = page.getByRole("group", { name: "Graph of shop: 4 tasks" });
    await graph.getByRole("img", { name: "sum: failed", exact: true }).waitFor();
    await graph.getByRole("img", { name: "load: success, from the cache", exact: true }).waitFor();
    await graph.getByRole("img", { name: "report: upstream failed", exact: true }).waitFor();
    await page.goto(address(0, "?view=graph"));
    await graph.getByRole("img", { name: "load: success", exact: true }).waitFor();
    await graph.getByRole("img", { name: "price, mapped: success", exact: true }).waitFor();
    await page.locator("h1").click();
    await page.keyboard.press("v");
    await page.getByRole("list", { name: "Tasks of the run" }).waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("draws the rows that are seen alone, of ten thousand instances", async () => {
    const { page, context, faults } = await signIn();
    const count = 10_000;
    const fill = <T>(value: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => value(at));
    await page.route("**/task-instances/columns*", (route) =>
      route.fulfill({
        json: {
          revision: 1e6,
          isDelta: false,
          from: "2026-11-03T06:00:00.000Z",
          tasks: ["price"],
          task: fill(() => 0),
          mapIndex: fill((at) => at),
          cells: fill((at) => (at % 9 === 0 ? "P" : "H")).join(""),
          startedMs: fill((at) => at),
          endedMs: fill((at) => at + 50),
          durationMs: fill((at) => (at % 9 === 0 ? 50 : 0)),
          savedMs: fill((at) => (at % 9 === 0 ? null : 40)),
          next: null,
        },
      }),
    );
    await page.goto("/runs");
    await page.getByRole("status").getByText("live").waitFor();
    await page.getByRole("link", { name: "shop" }).first().click();
    const fold = page.getByRole("button", { name: /price ×10,000/ });
    await fold.click();
    await page.getByRole("link", { name: "[20]" }).waitFor();
    await fold.evaluate((button) => button.closest("ul")?.parentElement?.parentElement?.scrollTo(0, 120_000));
    await page.getByRole("link", { name: "[5000]" }).waitFor();
    expect(await page.locator("[data-row]").count()).toBeLessThan(100);
    expect(faults).toEqual([]);
    await context.close();
  });
});

describe.each(["light", "dark"] as const)("in the %s theme", (theme) => {
  it("the pages of runs have no barriers", async () => {
    const { page, context, faults } = await signIn(theme);
    const screens = [
      address(1),
      address(2, "?view=list"),
      address(2, "?view=graph"),
      address(2, "?scale=as-if&task=price&index=0"),
      address(3, "?task=sum"),
      `${address(1)}/tasks/load/-1`,
      `${address(0)}/tasks/load/-1?tab=values`,
      `${address(3)}/tasks/sum/-1?tab=tries`,
      `${address(3)}/tasks/sum/-1?tab=details`,
      `/teams/default/dags/shop/compare?before=${encodeURIComponent(runIds[1] ?? "")}&after=${encodeURIComponent(runIds[2] ?? "")}`,
      "/teams/default/dags/shop/compare",
    ];
    for (const [at, screen] of screens.entries()) {
      await page.goto(screen);
      await page.locator("h1").waitFor();
      await page.getByRole("status").getByText("live").waitFor();
      await expect.poll(() => page.getByText("Loading…").count(), { timeout: 20_000 }).toBe(0);
      await picture(page, `${theme}-${at}`);
      expect({ screen, barriers: await findBarriers(page) }).toEqual({ screen, barriers: [] });
    }
    expect(faults).toEqual([]);
    await context.close();
  });
});
