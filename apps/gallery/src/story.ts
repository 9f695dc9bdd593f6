// What a run prints: headings and lines, as a person would like to read them.

const plain = process.stdout.isTTY !== true || process.env.NO_COLOR !== undefined;
const bold = (text: string): string => (plain ? text : `\u001b[1m${text}\u001b[22m`);
const dim = (text: string): string => (plain ? text : `\u001b[2m${text}\u001b[22m`);

/** Begins a chapter. */
export function chapter(title: string, aside = ""): void {
  console.log(`\n${bold(title)}${aside === "" ? "" : `  ${dim(aside)}`}`);
}

/** One fact of the chapter, with what was found out beside it. */
export function line(what: string, found = ""): void {
  console.log(`  ${what.padEnd(52)} ${found}`.trimEnd());
}

/** How long something took, as people say it. */
export async function timed<Result>(work: () => Promise<Result>): Promise<{ result: Result; took: string }> {
  const from = performance.now();
  const result = await work();
  const ms = performance.now() - from;
  return { result, took: ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s` };
}
