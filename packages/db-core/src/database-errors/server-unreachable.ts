import { ConnectionLostError } from "./connection-lost.ts";

/** No connection could be opened: nobody answers at that address, or the server takes none now. Nothing was sent. */
export class ServerUnreachableError extends ConnectionLostError {
  override readonly name: string = "ServerUnreachableError";
  override readonly code: string = "SERVER_UNREACHABLE";

  constructor(what: string, options?: ErrorOptions) {
    super("none", what, options);
  }
}
