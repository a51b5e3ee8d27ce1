// An abort signal as a promise, for races.

/** Resolves with the reason when the signal is aborted. */
export async function whenAborted(signal: AbortSignal): Promise<string> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return String(signal.reason);
}
