import type { Contract } from "./contract.ts";
import type { CallOptions } from "./database.ts";
import { CompiledProcedure } from "./procedure.ts";

/** Makes a call somewhere: on the Database, or in a transaction. */
export type Invoke = (
  procedure: CompiledProcedure,
  args: object | undefined,
  options: CallOptions | undefined,
) => Promise<unknown>;

const INVOKE = Symbol("invoke");

interface Schema {
  readonly [INVOKE]: Invoke;
}

/** For each schema key of a contract, an object whose getters make the callers. */
type Prototypes = ReadonlyMap<string, object>;

const compiled: WeakMap<Contract, Prototypes> = new WeakMap();

/**
 * The callers of all contracts, by schema key. A caller is made when it is first looked up: a transaction that makes one call doesn't pay for
 * two hundred.
 */
export function procsOf(contracts: readonly Contract[], invoke: Invoke): object {
  const procs: Record<string, object> = {};
  for (const contract of contracts) {
    for (const [key, prototype] of prototypesOf(contract)) {
      const earlier = procs[key];
      // Two contracts may share a schema key, if each has procedures of its own in it.
      const merged = earlier === undefined ? prototype : mergedPrototype(Object.getPrototypeOf(earlier), prototype);
      procs[key] = Object.create(merged, { [INVOKE]: { value: invoke } });
    }
  }
  return procs;
}

function prototypesOf(contract: Contract): Prototypes {
  let prototypes = compiled.get(contract);
  if (prototypes === undefined) {
    prototypes = new Map(
      Object.entries(contract.procedures).map(([schema, procedures]) => [
        schema,
        prototypeOf(
          Object.entries(procedures).map(([key, spec]) => [key, new CompiledProcedure(spec, `${schema}.${key}`)]),
        ),
      ]),
    );
    compiled.set(contract, prototypes);
  }
  return prototypes;
}

function prototypeOf(procedures: readonly (readonly [key: string, procedure: CompiledProcedure])[]): object {
  const prototype = {};
  for (const [key, procedure] of procedures) {
    Object.defineProperty(prototype, key, {
      enumerable: true,
      configurable: true,
      get(this: Schema) {
        const invoke = this[INVOKE];
        const caller = (args?: object, options?: CallOptions): Promise<unknown> => invoke(procedure, args, options);
        Object.defineProperty(this, key, { value: caller, enumerable: true });
        return caller;
      },
    });
  }
  return prototype;
}

function mergedPrototype(first: object, second: object): object {
  return Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(first),
      ...Object.getOwnPropertyDescriptors(second),
    },
  );
}
