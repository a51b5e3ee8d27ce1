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
});

describe.each(["light", "dark"] as const)("in the %s theme", (theme) => {
  it("the pages of runs have no barriers", async () => {
    const { page, context, faults } = await signIn(theme);
    const screens = [
      address(1),
      address(2, "?view=list"),
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
      await page.waitForFunction(() => !document.body.textContent.includes("Loading…"));
      await picture(page, `${theme}-${at}`);
      expect({ screen, barriers: await findBarriers(page) }).toEqual({ screen, barriers: [] });
    }
    expect(faults).toEqual([]);
    await context.close();
  });
});
