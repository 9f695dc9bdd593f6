/** An argument of a procedure. */
export interface LockedArgument {
  readonly name: string;
  /** As the catalog writes it: `timestamp with time zone`. */
  readonly type: string;
  readonly hasDefault: boolean;
}

/** A column of what a procedure gives back. */
export interface LockedColumn {
  readonly name: string;
  readonly type: string;
}

/** A procedure as it was promised: all that older code may rely on. */
export interface LockedProcedure {
  readonly schema: string;
  readonly name: string;
  readonly mode: "read" | "write";
  readonly returns: "void" | "scalar" | "maybe" | "one" | "many";
  /** The service that alone may call it. */
  readonly service?: string | undefined;
  readonly since: number;
  readonly deprecated?: number | undefined;
  readonly args: readonly LockedArgument[];
  readonly columns: readonly LockedColumn[];
}

/** One reason why code that was built against the promise would fail or misread. */
export interface Incompatibility {
  readonly part: "argument" | "column" | "mode" | "returns" | "service" | "since" | "deprecated";
  /** The name of the argument or column, if it is one's. */
  readonly name?: string | undefined;
  readonly message: string;
}

/**
 * What of `promised` does not hold of `found`; empty if every call that ever worked still does.
 *
 * Arguments keep name, type and place; new ones come last and have defaults; a default never goes away. Result columns keep name, type and
 * place; new ones come last. Mode, cardinality and `since` never change. A service's own procedure may become everybody's, never the other way
 * round. A deprecation may be added, and stays.
 */
export function compareProcedure(promised: LockedProcedure, found: LockedProcedure): readonly Incompatibility[] {
  return [
    ...compareArguments(promised.args, found.args),
    ...compareColumns(promised, found),
    ...compareTraits(promised, found),
  ];
}

/** Whether `found` promises more than `promised`, and so needs a new version of its namespace. */
export function isWidened(promised: LockedProcedure, found: LockedProcedure): boolean {
  return (
    found.args.length > promised.args.length ||
    found.columns.length > promised.columns.length ||
    found.args.some((arg, index) => arg.hasDefault && promised.args[index]?.hasDefault === false) ||
    found.service !== promised.service
  );
}

function compareArguments(
  promised: readonly LockedArgument[],
  found: readonly LockedArgument[],
): readonly Incompatibility[] {
  const faults: Incompatibility[] = [];
  const fault = (name: string, message: string) => faults.push({ part: "argument", name, message });
  for (const [index, before] of promised.entries()) {
    const now = found[index];
    const place = `argument ${index + 1}, ${before.name} ${before.type},`;
    if (now === undefined) fault(before.name, `${place} is gone`);
    else if (now.name !== before.name) fault(before.name, `${place} is now ${now.name} ${now.type}`);
    else if (now.type !== before.type) fault(before.name, `${place} is now of type ${now.type}`);
    else if (before.hasDefault && !now.hasDefault) fault(before.name, `${place} has lost its default`);
  }
  for (const added of found.slice(promised.length)) {
    if (!added.hasDefault)
      fault(added.name, `the new argument ${added.name} ${added.type} has no default, so calls without it fail`);
  }
  return faults;
}

function compareColumns(promised: LockedProcedure, found: LockedProcedure): readonly Incompatibility[] {
  const faults: Incompatibility[] = [];
  const fault = (name: string, message: string) => faults.push({ part: "column", name, message });
  for (const [index, before] of promised.columns.entries()) {
    const now = found.columns[index];
    const place = `result column ${index + 1}, ${before.name} ${before.type},`;
    if (now === undefined) fault(before.name, `${place} is gone`);
    else if (now.name !== before.name) fault(before.name, `${place} is now ${now.name} ${now.type}`);
    else if (now.type !== before.type) fault(before.name, `${place} is now of type ${now.type}`);
  }
  const added = found.columns[promised.columns.length];
  if (added !== undefined && (promised.returns === "scalar" || promised.returns === "void"))
    fault(added.name, `the result was ${promised.returns} and now has a column ${added.name} ${added.type} more`);
  return faults;
}

function compareTraits(promised: LockedProcedure, found: LockedProcedure): readonly Incompatibility[] {
  const faults: Incompatibility[] = [];
  for (const part of ["mode", "returns", "since"] as const) {
    if (promised[part] !== found[part])
      faults.push({ part, message: `${part}=${promised[part]} is now ${part}=${found[part]}` });
  }
  if (found.service !== undefined && found.service !== promised.service) {
    const before = promised.service === undefined ? "everybody's" : `service=${promised.service}`;
    faults.push({ part: "service", message: `it was ${before} and is now service=${found.service}` });
  }
  if (promised.deprecated !== undefined && found.deprecated !== promised.deprecated) {
    const now = found.deprecated === undefined ? "no longer deprecated" : `deprecated=${found.deprecated}`;
    faults.push({ part: "deprecated", message: `it was deprecated=${promised.deprecated} and is now ${now}` });
  }
  return faults;
}
