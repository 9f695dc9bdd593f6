import type { AnnotatedReturns, ValueAnnotation } from "./annotations.ts";

/** A line comment: its text without the dashes, and where the dashes stand. */
export interface AnnotationComment {
  readonly text: string;
  readonly offset: number;
}

type Report = (offset: number, message: string) => undefined;

/** What the `@proc` line itself says. */
export interface ProcLine {
  readonly service: string | undefined;
  readonly mode: "read" | "write";
  readonly returns: AnnotatedReturns;
  readonly since: number;
  readonly deprecated: number | undefined;
  readonly waits: boolean;
}

const SERVICE = /^[a-z][a-z0-9_-]{0,62}$/;
const NUMBER = /^\d{1,9}$/;
const NAME = /^(?:[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*|"[^"]+")$/;
const TYPE_NAME = /^[A-Za-z_$][A-Za-z0-9_$]{0,99}$/;

/** Each key, what it must look like, and how to say so. */
const KEYS: Readonly<Record<string, readonly [RegExp, string]>> = {
  service: [SERVICE, "a service's name of lower-case letters, digits, _ and -"],
  mode: [/^(?:read|write)$/, "read or write"],
  returns: [/^(?:void|scalar|maybe|one|many)$/, "void, scalar, maybe, one or many"],
  since: [NUMBER, "the number of a migration"],
  deprecated: [NUMBER, "the number of a migration"],
};

/** Reads `@proc mode=read returns=maybe since=3 waits`. Every fault of the line is reported. */
export function readProc(comment: AnnotationComment, report: Report): ProcLine | undefined {
  const values = new Map<string, string>();
  let faults = 0;
  const fault = (message: string) => {
    faults++;
    report(comment.offset, message);
  };
  for (const word of comment.text.trim().split(/\s+/).slice(1)) {
    const [key = "", value = ""] = word.split(/=(.*)/s);
    const rule = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (values.has(key)) fault(`@proc says ${key} twice`);
    else if (word === "waits") values.set(word, "");
    else if (rule === undefined)
      fault(
        `@proc has service=, mode=, returns=, since=, deprecated= and waits, found ${JSON.stringify(word.slice(0, 100))}`,
      );
    else if (!rule[0].test(value))
      fault(`expected ${key}= with ${rule[1]}, found ${JSON.stringify(value.slice(0, 100))}`);
    values.set(key, value);
  }
  for (const key of ["mode", "returns", "since"])
    if (!values.has(key)) fault(`@proc needs ${key}= with ${KEYS[key]?.[1]}`);
  const since = Number(values.get("since"));
  const deprecated = values.has("deprecated") ? Number(values.get("deprecated")) : undefined;
  if (deprecated !== undefined && deprecated < since) fault(`deprecated=${deprecated} is before since=${since}`);
  if (faults > 0) return undefined;
  return {
    service: values.get("service"),
    mode: values.get("mode") as ProcLine["mode"],
    returns: values.get("returns") as AnnotatedReturns,
    since,
    deprecated,
    waits: values.has("waits"),
  };
}

/** Reads `@column name [nullable] [json|json:TypeName]`, or the same of `@param`, into `values`. */
export function readColumn(
  comment: AnnotationComment,
  tag: "column" | "param",
  values: Map<string, ValueAnnotation>,
  report: Report,
): void {
  const [written = "", ...flags] = comment.text.trim().split(/\s+/).slice(1);
  if (!NAME.test(written)) {
    report(
      comment.offset,
      `expected @${tag} name [nullable] [json|json:TypeName], found ${JSON.stringify(written.slice(0, 100))}`,
    );
    return;
  }
  const name = written.startsWith('"') ? written.slice(1, -1) : written;
  if (values.has(name)) report(comment.offset, `@${tag} ${name} is there twice`);
  let nullable = false;
  let json: string | true | undefined;
  for (const flag of flags) {
    if (flag === "nullable" && !nullable) nullable = true;
    else if (flag === "json" && json === undefined) json = true;
    else if (json === undefined && flag.startsWith("json:") && TYPE_NAME.test(flag.slice(5))) json = flag.slice(5);
    else
      report(
        comment.offset,
        `@${tag} ${name} takes nullable, json or json:TypeName, each once, found ${JSON.stringify(flag.slice(0, 100))}`,
      );
  }
  values.set(name, { nullable, json });
}
