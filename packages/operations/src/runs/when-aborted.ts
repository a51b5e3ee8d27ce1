// A signal as a promise, for races.

/** Resolves when the signal is aborted, with its reason in words. */
export async function whenAborted(signal: AbortSignal): Promise<string> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return String(signal.reason);
}
