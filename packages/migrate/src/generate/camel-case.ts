/** `updated_at` as TypeScript writes it: `updatedAt`. */
export function camelCase(name: string): string {
  const words = name.replace(/^_+|_+$/g, "").replace(/_+(.)/g, (_, letter: string) => letter.toUpperCase());
  return words.slice(0, 1).toLowerCase() + words.slice(1);
}

/** `updated_at` as the name of a type: `UpdatedAt`. */
export function pascalCase(name: string): string {
  const camel = camelCase(name);
  return camel.slice(0, 1).toUpperCase() + camel.slice(1);
}

/** A key of an object as TypeScript writes it: quoted where it is no name. */
export function propertyName(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

/** A schema's key in `db.procs`: its name, without `plinth_` for Plinth's own. */
export function schemaKey(schema: string): string {
  return camelCase(schema.replace(/^plinth_/, ""));
}
