// Why a pod cannot begin, or has failed.

import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";

/** `later`: only if it stays so. */
export type PodTrouble =
  | { readonly kind: "none" }
  | { readonly kind: "now" | "later"; readonly reason: string };

/** Reasons of a container that waits which do not go away by themselves. */
const WAITING_FOR_EVER: ReadonlySet<string> = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "ErrImageNeverPull",
  "ErrImagePull",
  "ImageInspectError",
  "ImagePullBackOff",
  "InvalidImageName",
  "RunContainerError",
]);

/** Returns why a pod cannot begin, if that is so. */
export function troubleOf({ status }: V1Pod): PodTrouble {
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  if (status?.phase === "Failed")
    return {
      kind: "now",
      reason: sentence("the pod failed", status.reason ?? endOf(containers), status.message),
    };
  for (const { name, state } of containers) {
    const { reason, message } = state?.waiting ?? {};
    if (reason !== undefined && WAITING_FOR_EVER.has(reason))
      return { kind: "now", reason: sentence(`container ${name} does not start`, reason, message) };
  }
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False" && scheduled.reason === "Unschedulable")
    return { kind: "later", reason: sentence("no node takes the pod", scheduled.reason, scheduled.message) };
  return { kind: "none" };
}

function endOf(containers: readonly V1ContainerStatus[]): string | undefined {
  const ended = containers.find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  const { reason, exitCode } = ended?.state?.terminated ?? {};
  return exitCode === undefined
    ? undefined
    : `container ${ended?.name}: ${reason ?? "Error"}, exit code ${exitCode}`;
}

function sentence(what: string, reason: string | undefined, message: string | undefined): string {
  return [what, ...(reason === undefined ? [] : [reason]), ...(message === undefined ? [] : [message])].join(
    ": ",
  );
}
