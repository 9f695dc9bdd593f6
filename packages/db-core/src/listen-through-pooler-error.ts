import { PlinthError } from "./plinth-error.ts";

/** A transaction pooler stands between: LISTEN would be said on a connection that is somebody else's a moment later. Nothing was opened. */
export class ListenThroughPoolerError extends PlinthError {
  override readonly name = "ListenThroughPoolerError";
  readonly code = "LISTEN_THROUGH_POOLER";

  /** What was to be listened to. */
  readonly channel: string;

  constructor(channel: string) {
    super(
      `can't listen to ${JSON.stringify(channel)} through a transaction pooler: ` +
        "connect to the server itself (writeUrl) for listening, or poll",
    );
    this.channel = channel;
  }
}
