// The page of a Dag in a real browser: its grid by keys and by pointer, its graph, its calendar, and a run that is
// triggered and watched to its end.

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findBarriers, openWindow, startBrowser, type TestWindow } from "./browser.ts";
import { openWebProject, type WebProject } from "./web-project.ts";

let project: WebProject;
let browser: Browser;
let window: TestWindow;
let page: Page;
beforeAll(async () => {
  [project, browser] = await Promise.all([openWebProject(), startBrowser()]);
  window = await openWindow(browser, project.url);
  ({ page } = window);
  await page.goto(await project.makeLink());
  await page.getByRole("heading", { name: "Home" }).waitFor();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await project?.close();
});

const activeCell = async (): Promise<string> => {
  const id = await page.getByRole("grid").getAttribute("aria-activedescendant");
  return (await page.locator(`[id="${id}"]`).textContent()) ?? "";
};

it("shows runs by tasks, to keys and to the pointer", async () => {
  await page.goto("/teams/default/dags/shop");
  const grid = page.getByRole("grid");
  await grid.focus();
  // The newest run failed, and its first task was remembered.
  expect(await activeCell()).toMatch(/^load in manual__\S+: success, from the cache$/);
  await page.keyboard.press("j");
  expect(await activeCell()).toMatch(/^price in \S+: 3 success, from the cache$/);
  await page.keyboard.press("j");
  expect(await activeCell()).toMatch(/^sum in \S+: failed$/);
  await page.keyboard.press("j");
  expect(await activeCell()).toMatch(/^report in \S+: upstream failed$/);
  await page.keyboard.press("Home");
  expect(await activeCell()).toMatch(/^report in \S+: success$/);
  await page.keyboard.press("PageUp");
  expect(await activeCell()).toMatch(/success, .*worked .*0 remembered, 6 ran$/);
  const box = await grid.boundingBox();
  await page.mouse.move((box?.x ?? 0) + 240 + 9, (box?.y ?? 0) + 64 + 11);
  await page
    .getByText(/^load in \S+: success$/)
    .first()
    .waitFor();
  await page.mouse.click((box?.x ?? 0) + 240 + 9, (box?.y ?? 0) + 64 + 11);
  await page.waitForURL(/\/runs\/manual__/);
  await page.goBack();
  await page.getByRole("grid").waitFor();
  expect(window.faults).toEqual([]);
});

it("shows the same as a table, and finds what failed", async () => {
  await page.getByRole("button", { name: "Show as table" }).click();
  await page.getByRole("table").waitFor();
  expect(page.url()).toContain("as=table");
  const row = page.getByRole("row").filter({ hasText: "sum" });
  await row.getByRole("img", { name: "failed" }).waitFor();
  expect(await findBarriers(page)).toEqual([]);
  await page.getByRole("button", { name: "failed", exact: true }).click();
  await expect.poll(() => page.getByRole("row").count(), { timeout: 20_000 }).toBe(3);
  expect(window.faults).toEqual([]);
});

it("shows a graph from a worker, and a calendar", async () => {
  await page.goto("/teams/default/dags/shop/graph");
  await page.getByRole("img", { name: "sum: failed" }).waitFor();
  await page.getByRole("img", { name: "price, mapped: success, from the cache" }).waitFor();
  expect(await findBarriers(page)).toEqual([]);
  await page.goto("/teams/default/dags/shop/calendar");
  await page.getByRole("img", { name: "4 runs in a year, 1 failed" }).waitFor();
  expect(await findBarriers(page)).toEqual([]);
  expect(window.faults).toEqual([]);
});

it("triggers a run with a param, and shows it to its end without being asked again", async () => {
  const scheduler = project.workspace.start("scheduler");
  await scheduler.says("started");
  await page.goto("/teams/default/dags/shop");
  await page.getByRole("grid").waitFor();
  await page.keyboard.press("t");
  await page.getByRole("dialog").getByLabel("seed").fill("x");
  await page.getByText("This is no number").waitFor();
  await page.getByRole("dialog").getByLabel("seed").fill("5");
  expect(await findBarriers(page)).toEqual([]);
  await page.getByRole("button", { name: "Trigger", exact: true }).last().click();
  await page.waitForURL(/\/runs\/manual__/);
  await page.goBack();
  await page.getByText("4 tasks, 5 runs").waitFor();
  const grid = page.getByRole("grid");
  await grid.focus();
  await page.keyboard.press("End");
  await expect.poll(activeCell, { timeout: 60_000 }).toMatch(/^load in \S+: success, from the cache$/);
  await page.keyboard.press("j");
  await expect.poll(activeCell, { timeout: 60_000 }).toMatch(/^price in \S+: 3 success$/);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  // The sum is the same, so that its report is.
  await expect.poll(activeCell, { timeout: 60_000 }).toMatch(/^report in \S+: success, from the cache$/);
  expect(window.faults).toEqual([]);
});

it("pauses a schedule", async () => {
  await page.goto("/teams/default/dags/nightly");
  await page.getByText("nightly has not run yet").waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).waitFor();
  await page.goto("/dags?show=paused");
  await page.getByRole("link", { name: "nightly" }).waitFor();
  expect(await page.getByRole("link", { name: "shop" }).count()).toBe(0);
  expect(window.faults).toEqual([]);
});
