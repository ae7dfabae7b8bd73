/** What {@link PluginContext.upgrade} is given. */
export interface UpgradeOptions {
  /** Which part this side takes in the handshake. */
  readonly side: 'server' | 'client'
  /**
   * How TLS is spoken, as the transport takes it: over TCP the `tls` option of `createTcpServer`, or of `connectTcp`. A server gives
   * the same object for every connection: what is made of it is kept with it.
   */
  readonly tls: object | true
  /**
   * How long the handshake may take, in milliseconds, until the connection is closed; 0 waits without end.
   *
   * @defaultValue 5_000
   */
  readonly handshakeTimeout?: number | undefined
}
