/** Waits for `work` until `signal` says not to: then rejects with its reason, and what `work` does stands. Aborted before: nothing is begun. */
export async function abandonable<Result>(
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  if (signal === undefined) return await work();
  signal.throwIfAborted();
  return await new Promise<Result>((resolve, reject) => {
    const abandon = (): void => reject(signal.reason);
    signal.addEventListener("abort", abandon, { once: true });
    work()
      .finally(() => signal.removeEventListener("abort", abandon))
      .then(resolve, reject);
  });
}
