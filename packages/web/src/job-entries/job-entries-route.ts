// The route of the entries of job caches that a run uses.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";

/** The entry that is shown: its key, and its cache where that is none of the run's own. */
export interface JobEntriesSearch {
  readonly key?: string;
  readonly cache?: string;
}

export const jobEntriesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/teams/$team/dags/$dagId/runs/$runId/entries",
  validateSearch: ({ key, cache }: Record<string, unknown>): JobEntriesSearch => ({
    ...(key !== undefined && key !== "" && { key: String(key) }),
    ...(cache !== undefined && cache !== "" && { cache: String(cache) }),
  }),
  loader: ({ context, params }) => context.queryClient.ensureQueryData(read("entries.list", params)),
  component: lazyRouteComponent(() => import("./job-entries-page.tsx"), "JobEntriesPage"),
});
