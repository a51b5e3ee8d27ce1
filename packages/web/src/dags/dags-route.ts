// The route of the list of Dags.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";

export const dagsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/dags",
  loaderDeps: ({ search: { team } }) => ({ team }),
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(read("dags.list", { team: context.teamOf(deps) })),
  component: lazyRouteComponent(() => import("./dags-page.tsx"), "DagsPage"),
});
