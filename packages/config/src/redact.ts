// Takes passwords out of what is shown.

const HIDDEN = "***";

/** A database url fit to be shown: no password in its authority or its query. */
export function redactUrl(url: string): string {
  if (url.startsWith("sqlite:")) return url;
  const parsed = URL.parse(url);
  // Unreadable, so it cannot be told where the password is.
  if (parsed === null) return `${url.slice(0, url.indexOf(":") + 1)}${HIDDEN}`;
  if (parsed.password !== "") parsed.password = HIDDEN;
  for (const name of parsed.searchParams.keys()) {
    if (/password|secret|token|key/i.test(name)) parsed.searchParams.set(name, HIDDEN);
  }
  return parsed.href;
}
