// A browser for tests. A page of it fails with the first error in its console, violation of its policy, or request to
// another host.

import { installChromium } from "@memodag/test-servers";
import axe from "axe-core";
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from "playwright-core";

/** Milliseconds for which a page may take for what it is asked on a busy machine. */
const PATIENCE_MS = 60_000;

const START_MS = 180_000;

/** Runs in the page. */
const REPORT_VIOLATIONS = `document.addEventListener("securitypolicyviolation", (event) =>
  console.error("violates " + event.violatedDirective + ": " + event.blockedURI + " " + event.sample));`;

/** Starts Chromium. */
export async function startBrowser(): Promise<Browser> {
  const { program, env } = await installChromium();
  return await chromium.launch({
    executablePath: program,
    env: { ...process.env, ...env },
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
    timeout: START_MS,
  });
}

/** A window of a browser, with cookies of its own, and what went wrong in it. */
export interface TestWindow {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the console and of code, violations, and requests to other hosts. */
  readonly faults: readonly string[];
}

/** How a window is opened. */
export interface WindowOptions {
  readonly theme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
}

/** Opens a window. @param url of the server */
export async function openWindow(
  browser: Browser,
  url: string,
  { theme = "light", width = 1280, height = 800 }: WindowOptions = {},
): Promise<TestWindow> {
  const context = await browser.newContext({
    baseURL: url,
    colorScheme: theme,
    viewport: { width, height },
    locale: "en-GB",
    timezoneId: "UTC",
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const faults: string[] = [];
  const { host } = new URL(url);
  await context.addInitScript(REPORT_VIOLATIONS);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (asked.host !== host && asked.protocol !== "data:" && asked.protocol !== "blob:")
      faults.push(`asked ${request.url()}`);
  });
  return { page, context, faults };
}

/** Returns what is not accessible on a page, of WCAG 2.2 AA: the rule and the elements. */
export async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { axe: own } = globalThis as unknown as { axe: typeof axe };
    return await own.run({ runOnly: { type: "tag", values: tags } });
  });
  return violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(" | ")}`,
  );
}

/** Moves the focus by the Tab key alone. @throws Error if it does not lead there in 80 presses */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 80; presses += 1) {
    if (await target.evaluate((element) => element === element.ownerDocument.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("the Tab key does not lead there");
}
