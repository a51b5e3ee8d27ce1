// Lists the dependencies that the author of a task vouches for, as its cache key leaves them out.

import type { SerializedCacheConfig } from "@memodag/core";

const VOUCHED_KEYS = {
  pure: "depends on the arguments alone, and its answers are remembered",
  unconfirmed: "is not asked again after the task has run",
};

/** Returns a sentence for each thing, such as `at of score is left out of its cache key: its author vouches for it`. */
export function vouchedFor(taskId: string, config: SerializedCacheConfig | null): string[] {
  if (!config) return [];
  const { excludeInputs, projections = [], ignoreSource, version, share, key, trust = [] } = config;
  const vouched = "its author vouches for it";
  return [
    ...excludeInputs.map((name) => `${name} of ${taskId} is left out of its cache key: ${vouched}`),
    ...projections.map(
      ([name, paths]) => `only ${paths.join(", ")} of ${name} of ${taskId} is in its cache key: ${vouched}`,
    ),
    ...(ignoreSource
      ? [
          `version ${JSON.stringify(version)} of ${taskId} stands in its cache key in place of its code: ${vouched}`,
        ]
      : []),
    ...(key?.trust === undefined
      ? []
      : [`the key function of ${taskId} ${VOUCHED_KEYS[key.trust]}: ${vouched}`]),
    ...(share === undefined ? [] : [`${taskId} shares its results as ${JSON.stringify(share)}`]),
    ...(trust.length > 0 ? [`${trust.join(", ")} of ${taskId} are vouched for by its author`] : []),
  ];
}
