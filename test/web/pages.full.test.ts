// The pages in a real browser: signing in by a link, then each screen, light and dark.

import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBarriers, openWindow, startBrowser } from "./browser.ts";
import { openWebProject, type WebProject } from "./web-project.ts";

let project: WebProject;
let browser: Browser;
beforeAll(async () => {
  [project, browser] = await Promise.all([openWebProject(), startBrowser()]);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await project?.close();
});

const SCREENS = [
  "/",
  "/dags",
  "/teams/default/dags/shop",
  "/runs",
  "/cache",
  "/cache/entries",
  "/cache/reasons",
  "/cache/health",
  "/cache/named",
  "/approvals",
  "/dag-errors",
  "/workers",
  "/pools",
  "/audit",
  "/settings",
];

/** Where the pictures of a run of tests go. */
const PICTURES = process.env["MEMODAG_TEST_PICTURES"];

describe.each(["light", "dark"] as const)("in the %s theme", (theme) => {
  it("a link signs in once, and every screen is shown without faults and barriers", async () => {
    const { page, context, faults } = await openWindow(browser, project.url, { theme });
    await page.goto("/dags");
    await page.getByRole("heading", { name: "Sign in to memodag" }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
    const link = await project.makeLink();
    // An address that differs in its fragment alone is not loaded again.
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByRole("heading", { name: "Home" }).waitFor();
    expect(page.url()).not.toContain("#");
    const barriers: string[] = [];
    for (const screen of SCREENS) {
      await page.goto(screen);
      await page.locator("h1").waitFor();
      await page.getByRole("status").getByText("live").waitFor();
      for (const barrier of await findBarriers(page)) barriers.push(`${screen}: ${barrier}`);
      if (PICTURES !== undefined) {
        const name = `${theme}${screen.replaceAll("/", "-")}.png`;
        await page.screenshot({ path: join(PICTURES, name) });
      }
    }
    expect(barriers).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });
});

it("a list of runs names what failed, and is chosen by days", async () => {
  const { page, context, faults } = await openWindow(browser, project.url);
  await page.goto(await project.makeLink());
  await page.getByRole("heading", { name: "Home" }).waitFor();
  await page.goto("/runs?state=failed");
  await page.getByRole("row").getByRole("link", { name: "sum", exact: true }).waitFor();
  await page.goto("/runs");
  await page.getByRole("row").nth(4).waitFor();
  await page.getByLabel("To", { exact: true }).fill("2020-01-31");
  await page.getByRole("heading", { name: "No run matches these filters" }).waitFor();
  expect(page.url()).toContain("to=2020-01-31");
  await page.getByLabel("To", { exact: true }).fill("");
  await page.getByLabel("From", { exact: true }).fill("2020-01-31");
  await page.getByRole("row").nth(4).waitFor();
  expect(faults).toEqual([]);
  await context.close();
});
