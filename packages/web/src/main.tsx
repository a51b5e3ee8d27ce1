// Starts the pages: those of the router for users who are signed in, else the one that says how.

import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { createRouter, RouterProvider } from "@tanstack/react-router";
import { StrictMode, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { Page } from "./controls/page.tsx";
import { Problem } from "./controls/problem.tsx";
import { createQueryClient } from "./data/query-client.ts";
import { sessionQuery, signInByLink } from "./data/session.ts";
import { ownTeam } from "./data/use-session.ts";
import { routeTree } from "./routes.ts";
import { SignInPage } from "./sign-in/sign-in-page.tsx";

signInByLink();

const queryClient = createQueryClient(
  () => void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey }),
);

const router = createRouter({
  routeTree,
  context: {
    queryClient,
    teamOf: ({ team }) => ownTeam(queryClient.getQueryData(sessionQuery.queryKey) ?? { me: null }, team),
  },
  defaultPreload: "intent",
  // Answers are kept by the query client.
  defaultPreloadStaleTime: 0,
  defaultErrorComponent: ({ error, reset }) => (
    <Page title="This cannot be shown">
      <Problem error={error} onRetry={reset} />
    </Page>
  ),
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

function App(): ReactNode {
  const { data, error, refetch } = useQuery(sessionQuery);
  if (data?.me) return <RouterProvider router={router} />;
  if (data) return <SignInPage fault={data.fault} hasProvider={data.auth === "oidc"} />;
  return error && <Problem error={error} onRetry={() => void refetch()} />;
}

const root = document.querySelector("#root");
if (!root) throw new Error("the page has no element #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
