import type { Access } from "./access.ts";
import type { Migrations } from "./migrations.ts";
import { runNamespace } from "./namespace-run.ts";
import type { Comparison, PlannedFile } from "./plan.ts";
import type { Runner } from "./runner.ts";

/** A plan, and all that it takes to run it. */
export interface PlanRun {
  readonly plan: Comparison;
  readonly migrations: Migrations;
  readonly access: Access | undefined;
  readonly transaction: "namespace" | "file";
}

/** Runs a plan, namespace after namespace. What was committed before a failure stays. */
export async function runPlan(runner: Runner, { plan, migrations, access, transaction }: PlanRun): Promise<void> {
  runner.onEvent({ type: "planned", files: plan.pending });
  const count = plan.pending.length;
  const order = new Map(plan.pending.map(({ file }, index) => [file, index + 1]));
  const pending = new Map<string, PlannedFile[]>();
  for (const planned of plan.pending) {
    const files = pending.get(planned.file.namespace);
    if (files === undefined) pending.set(planned.file.namespace, [planned]);
    else files.push(planned);
  }
  const last = [...pending.keys()].at(-1);
  for (const namespace of migrations.namespaces) {
    const files = pending.get(namespace.name);
    if (files === undefined) continue;
    await runNamespace(runner, {
      namespace,
      migrations,
      pending: files,
      ahead: plan.ahead.has(namespace.name),
      access,
      last: plan.ahead.size === 0 && namespace.name === last,
      transaction,
      // A file that runs although it was not planned, to make again what another dropped, is counted with the last.
      started: (file) => runner.onEvent({ type: "started", file, index: order.get(file) ?? count, count }),
      ran: (file, durationMs) =>
        runner.onEvent({ type: "ran", file, index: order.get(file) ?? count, count, durationMs }),
    });
  }
}
