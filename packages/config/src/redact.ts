// Removes passwords from values before they are shown.

const HIDDEN = "***";

/** Returns a database URL without the passwords in its authority and query. */
export function redactUrl(url: string): string {
  if (url.startsWith("sqlite:")) return url;
  const parsed = URL.parse(url);
  // Not parseable, so the position of the password is unknown.
  if (parsed === null) return `${url.slice(0, url.indexOf(":") + 1)}${HIDDEN}`;
  if (parsed.password !== "") parsed.password = HIDDEN;
  for (const name of parsed.searchParams.keys()) {
    if (/password|secret|token|key/i.test(name)) parsed.searchParams.set(name, HIDDEN);
  }
  return parsed.href;
}
