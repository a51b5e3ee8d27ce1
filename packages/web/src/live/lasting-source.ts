// An event source that is opened again: a browser gives one up for good when it is answered with an error, such as by a
// proxy whose server starts again.

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Opens a source, and another one whenever the browser has given it up.
 * @param address that of the next source, or a function that returns it
 * @param listen adds the listeners of each
 * @returns a function that closes it for good
 */
export function openLasting(
  address: string | (() => string),
  listen: (source: EventSource, close: () => void) => void,
): () => void {
  let pauseMs = FIRST_PAUSE_MS;
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const close = (): void => {
    clearTimeout(timer);
    source?.close();
  };
  const open = (): void => {
    const opened = new EventSource(typeof address === "string" ? address : address());
    source = opened;
    opened.addEventListener("open", () => {
      pauseMs = FIRST_PAUSE_MS;
    });
    opened.addEventListener("error", () => {
      if (opened.readyState !== EventSource.CLOSED || source !== opened) return;
      timer = setTimeout(open, pauseMs);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    });
    listen(opened, close);
  };
  open();
  return close;
}
