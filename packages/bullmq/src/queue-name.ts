// Names of queues as BullMQ takes them: it allows no colon, and Redis Cluster gives braces a meaning.

/** A different name for each queue. */
export function bullName(queue: string): string {
  return encodeURIComponent(queue.toWellFormed());
}
