import { expect } from "@jest/globals";
import type { Database } from "@plinth/db-core";
import type { contract } from "./fixtures/people-1/src/procedures.gen.ts";

type People = Database<readonly [typeof contract]>;

/** The tests that the first release of people was published with: they pass on its own schema and on every newer one. */
export const releaseTests: Readonly<Record<string, (db: People) => Promise<void>>> = {
  "who was added is found, with exactly what was added": async ({ procs: { people } }) => {
    const id = await people.addPerson({ name: "Ada", street: "St James's Square", city: "London" });
    await expect(people.getPerson({ id })).resolves.toEqual({
      id,
      name: "Ada",
      street: "St James's Square",
      city: "London",
    });
  },

  "who is not there is undefined": async ({ procs: { people } }) => {
    await expect(people.getPerson({ id: 0n })).resolves.toBeUndefined();
    await expect(people.movePerson({ id: 0n, street: "nowhere", city: "nowhere" })).resolves.toBeUndefined();
  },

  "who moves has the new address and no other": async ({ procs: { people } }) => {
    const id = await people.addPerson({ name: "Grace", street: "Riverside Drive", city: "New York" });
    const address = { street: "Army Navy Drive", city: "Arlington" };
    await expect(people.movePerson({ id, ...address })).resolves.toEqual(address);
    await expect(people.getPerson({ id })).resolves.toEqual({ id, name: "Grace", ...address });
  },

  "a city counts who lives there, and not who left": async ({ procs: { people } }) => {
    const id = await people.addPerson({ name: "Emmy", street: "Mendelssohnstrasse", city: "Erlangen" });
    await expect(people.countInCity({ city: "Erlangen" })).resolves.toBe(1n);
    await people.movePerson({ id, street: "Stegemühlenweg", city: "Göttingen" });
    await expect(people.countInCity({ city: "Erlangen" })).resolves.toBe(0n);
  },

  "an address without a street is refused, and nothing is written": async ({ procs: { people } }) => {
    await expect(people.addPerson({ name: "Nobody", street: "", city: "Nowhere" })).rejects.toMatchObject({
      name: "CheckViolationError",
    });
    await expect(people.countInCity({ city: "Nowhere" })).resolves.toBe(0n);
  },

  "what a transaction did is undone with it": async (db) => {
    const undone = db.transaction(async ({ procs: { people } }) => {
      const id = await people.addPerson({ name: "Sofia", street: "Nevsky", city: "Saint Petersburg" });
      await expect(people.getPerson({ id })).resolves.toMatchObject({ name: "Sofia" });
      throw new Error("undo");
    });
    await expect(undone).rejects.toThrow("undo");
    await expect(db.procs.people.countInCity({ city: "Saint Petersburg" })).resolves.toBe(0n);
  },
};
