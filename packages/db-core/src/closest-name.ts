/** The one of `names` that was probably meant by `given`: another case, or two letters off at most. Nothing is near enough as a rule. */
export function closestName(given: string, names: readonly string[]): string | undefined {
  const distances = names.map((name) => lettersOff(given.toLowerCase(), name.toLowerCase()));
  const least = Math.min(...distances);
  const name = names[distances.indexOf(least)];
  return name !== undefined && least <= Math.min(2, name.length / 2) ? name : undefined;
}

/** Letters to add, take away or replace to make one word of the other. What is long is no misspelling. */
function lettersOff(one: string, other: string): number {
  if (one.length > 40 || other.length > 40) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const replaced = (row[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}
