/** What a process asks its keeper to run. One at a time. */
export interface KeptProgram {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly account?: { readonly uid: number; readonly gid: number };
  /** Gives the program a channel for messages: it is a Node program. */
  readonly messages?: boolean;
}

/** What to send a program whose owner is gone, and how long to wait for its end before the next. SIGKILL always comes last. */
export type Farewell = readonly { readonly signal: NodeJS.Signals; readonly waitMs: number }[];

export type ToKeeper =
  /** Must be the first: what to do when the owner is gone, and which folder to remove then. */
  | { readonly kind: "charge"; readonly farewell: Farewell; readonly remove?: string }
  | { readonly kind: "run"; readonly program: KeptProgram }
  | { readonly kind: "signal"; readonly signal: NodeJS.Signals }
  | { readonly kind: "message"; readonly value: unknown }
  /** Bid the program farewell, remove the folder, end. */
  | { readonly kind: "end" };

export type FromKeeper =
  | { readonly kind: "charged" }
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "output"; readonly stream: "stdout" | "stderr"; readonly text: string }
  | { readonly kind: "message"; readonly value: unknown }
  | { readonly kind: "exit"; readonly exitCode: number | null; readonly signal: NodeJS.Signals | null };
