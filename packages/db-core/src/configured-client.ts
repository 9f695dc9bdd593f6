import { Client, type ClientConfig } from "pg";

/** Settings of a session, by the server's names. */
export type SessionSettings = Readonly<Record<string, string>>;

interface Parameters {
  application_name?: string;
  options?: string;
}

/** What a connection is opened with. */
export interface ConfiguredClientOptions {
  readonly config: ClientConfig;
  readonly applicationName: string | undefined;
  /** Sent with the first message, so that they cost no round trip and are there before anything runs. */
  readonly settings: SessionSettings;
  readonly connectTimeoutMs: number;
  readonly pipeline: boolean;
}

/** The configuration of one connection, or of a pool of them together with {@link configuredClient}. */
export function clientConfig({ config, connectTimeoutMs, pipeline }: ConfiguredClientOptions): ClientConfig {
  return {
    ...config,
    pipeline,
    connectionTimeoutMillis: connectTimeoutMs,
    // A peer that vanished is noticed in the end, even on a connection that waits.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

/**
 * A client class with settings of its own. They are added to what the URL says: given beside a URL, pg would let the URL's `options` win, and
 * ours would be gone.
 */
export function configuredClient({ applicationName, settings }: ConfiguredClientOptions): typeof Client {
  return class ConfiguredClient extends Client {
    constructor(config?: string | ClientConfig) {
      super(config);
      const { connectionParameters } = this as unknown as { readonly connectionParameters: Parameters };
      if (applicationName !== undefined) connectionParameters.application_name = applicationName;
      const own = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
      connectionParameters.options = [connectionParameters.options, ...own].filter(Boolean).join(" ");
    }
  };
}
