// Fails when packages were changed since the last release and nobody said so in a changeset.
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./install.mjs";

const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
const changesets = readdirSync(join(root, ".changeset")).filter((name) => name.endsWith(".md") && name !== "README.md");
const released = git("tag", "--list", "@plinth/*", "--sort=-creatordate").split("\n")[0];
const changed = git(
  "diff",
  "--name-only",
  ...(released ? [released] : ["4b825dc642cb6eb9a060e54bf8d69288fbee4904"]),
  "--",
  "packages",
  "apps/migrate",
);

if (changed !== "" && changesets.length === 0) {
  console.error(
    "Packages have changed since the last release, but .changeset/ says nothing of it: run `npx changeset`.",
  );
  process.exitCode = 1;
} else {
  console.log(`${changesets.length} changesets wait for the next release.`);
}
