import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Run, type RunningCli, runCli, startCli } from "./cli.ts";

const fixtures: string = fileURLToPath(new URL("./fixtures/", import.meta.url));
const modules: string = fileURLToPath(new URL("../node_modules/", import.meta.url));

/** The directory of a fixture's migrations, as it is checked in. */
export function migrationsOf(fixture: "notes" | "diary" | "people-1" | "people-2"): string {
  return join(fixtures, fixture, "migrations");
}

/** A copy of an application in a directory of its own, to be changed: what a developer or a CI job has checked out. */
export class Checkout implements Disposable {
  readonly directory: string;

  private constructor() {
    this.directory = realpathSync(mkdtempSync(join(tmpdir(), "plinth-checkout-")));
    symlinkSync(modules, join(this.directory, "node_modules"), "dir");
  }

  /** Of a fixture, which can be imported from as the fixture can. */
  static of(fixture: "diary" | "people-1" | "people-2"): Checkout {
    const made = new Checkout();
    cpSync(join(fixtures, fixture), made.directory, {
      recursive: true,
      filter: (path) => !/\/(node_modules|dist)$/.test(path),
    });
    return made;
  }

  /** Of an application that imports nothing, with the files given: path to text. */
  static with(files: Readonly<Record<string, string>>): Checkout {
    const made = new Checkout();
    made.write({
      "package.json": JSON.stringify({
        name: "@acme/app",
        version: "1.0.0",
        type: "module",
        dependencies: { "@plinth/db-core": "*" },
        migrations: "./migrations",
      }),
      "migrations/namespaces.txt": "",
      ...files,
    });
    return made;
  }

  get migrations(): string {
    return this.path("migrations");
  }

  path(...parts: readonly string[]): string {
    return join(this.directory, ...parts);
  }

  read(path: string): string {
    return readFileSync(this.path(path), "utf8");
  }

  write(files: Readonly<Record<string, string>>): this {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(this.path(path)), { recursive: true });
      writeFileSync(this.path(path), text);
    }
    return this;
  }

  /** Changes one passage of a file. Fails where there is none such. */
  edit(path: string, from: string | RegExp, to: string): this {
    const before = this.read(path);
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${path} holds no ${from}`);
    return this.write({ [path]: after });
  }

  delete(path: string): this {
    rmSync(this.path(path));
    return this;
  }

  /** Runs `plinth-migrate` here. */
  run(url: string, ...args: readonly string[]): Promise<Run> {
    return runCli(args, { cwd: this.directory, url });
  }

  start(url: string, ...args: readonly string[]): RunningCli {
    return startCli(args, { cwd: this.directory, url });
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
