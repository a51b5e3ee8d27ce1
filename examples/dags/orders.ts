// Loads orders and checks them, in a transaction: the rows are remembered only if the check succeeds as well.

import { Dag, getContext, param } from "memodag";

type Order = { id: string; amount: number };

export const dag = new Dag("orders", {
  description: "A load and its check, remembered together or not at all.",
  params: { most: param({ default: 1000, schema: { type: "integer" } }) },
});

const etl = dag.transaction("etl", {
  onCommit: ({ log }) => log.info("orders are loaded and checked"),
  onRollback: ({ log, transaction }) => log.warn("nothing is kept", { reason: transaction.reason ?? "" }),
});

const load = etl.task("load", loadOrders, { cache: true });
const check = etl.task("check", checkTotal, { cache: { includeInputs: ["params.most"] } });

check({ orders: load() });

function loadOrders(): Order[] {
  return [
    { id: "a1", amount: 250 },
    { id: "a2", amount: 400 },
  ];
}

function checkTotal({ orders }: { orders: Order[] }): number {
  const total = orders.reduce((sum, { amount }) => sum + amount, 0);
  const most = Number(getContext().params["most"]);
  if (total > most) throw new Error(`the orders sum up to ${total}, more than ${most}`);
  return total;
}
