// The root of all routes. `context.teamOf(search)` is the team whose things a list shows, for loaders.

import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext } from "@tanstack/react-router";
import { Frame } from "./frame.tsx";
import { NotFoundPage } from "./not-found-page.tsx";

/** Parameters that all addresses may have. */
export interface RootSearch {
  /** The team whose things lists show. Absent: all teams. */
  readonly team?: string;
}

/** The context of all routes. */
export interface RouteContext {
  readonly queryClient: QueryClient;
  readonly teamOf: (search: { readonly team?: string | undefined }) => string | undefined;
}

export const rootRoute = createRootRouteWithContext<RouteContext>()({
  validateSearch: ({ team }: Record<string, unknown>): RootSearch =>
    typeof team === "string" && team !== "" ? { team } : {},
  component: Frame,
  notFoundComponent: NotFoundPage,
});
