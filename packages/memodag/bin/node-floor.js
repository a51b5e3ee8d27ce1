// Which versions of Node memodag runs on. CommonJS that any Node can read: nothing else is loaded before.

/** The least minor version of each major that has one; every major from `next` on is new enough. */
const FLOORS = { 22: 19, 24: 5 };
const NEXT = 26;

/** One sentence for a version that memodag does not run on; `null` for one that it does. */
exports.refusalOf = function refusalOf(version) {
  const [major, minor] = version.split(".").map(Number);
  if (major >= NEXT || minor >= FLOORS[major]) return null;
  return (
    `memodag needs Node 22.19 or a later 22, 24.5 or a later 24, or 26 and later, and this is Node ${version}: ` +
    "`npm install --save-dev node@24` brings one for this project, https://nodejs.org for this machine"
  );
};
