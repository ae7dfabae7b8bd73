import {
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TlsOptions,
  type ConnectionOptions as NodeConnectOptions,
} from 'node:tls'
import { InvalidOptionError, type OptionDescription, resolveOptions } from '@millrace/core'
import { LONGEST_DELAY } from '../common-options.ts'

type Credentials = Pick<
  SecureContextOptions,
  | 'ca'
  | 'cert'
  | 'ciphers'
  | 'crl'
  | 'dhparam'
  | 'ecdhCurve'
  | 'honorCipherOrder'
  | 'key'
  | 'maxVersion'
  | 'minVersion'
  | 'passphrase'
  | 'pfx'
  | 'secureOptions'
  | 'sigalgs'
>

/**
 * How a server speaks TLS: Node's options, under Node's names. `cert` and `key`, or `pfx`, are needed, or a `SNICallback`. What they
 * hold is what PEM or PKCS#12 files hold, never their names.
 *
 * @see https://nodejs.org/api/tls.html#tlscreateserveroptions-secureconnectionlistener
 */
export interface TlsServerOptions
  extends Credentials,
    Pick<TlsOptions, 'ALPNProtocols' | 'SNICallback' | 'sessionTimeout' | 'ticketKeys' | 'sessionIdContext'> {
  /**
   * Whether clients are asked for a certificate.
   *
   * @defaultValue false
   */
  readonly requestCert?: boolean | undefined
  /**
   * With `requestCert`: whether a client without a certificate that `ca` vouches for is turned away.
   *
   * @defaultValue true
   */
  readonly rejectUnauthorized?: boolean | undefined
  /**
   * Credentials by the name that the client asks for (SNI); `*.example.org` stands for any first label. Without a fitting one the
   * options beside this are taken.
   */
  readonly contexts?: Readonly<Record<string, SecureContext | SecureContextOptions>> | undefined
}

/**
 * How a client speaks TLS: Node's options, under Node's names; `true` in their place is all defaults.
 *
 * @see https://nodejs.org/api/tls.html#tlsconnectoptions-callback
 */
export interface TlsClientOptions
  extends Credentials,
    Pick<NodeConnectOptions, 'ALPNProtocols' | 'checkServerIdentity' | 'minDHSize'> {
  /**
   * The name that is asked for (SNI), and that the certificate must be for.
   *
   * @defaultValue `host`, where that is a name; an IP address is not sent, and the certificate must be for it
   */
  readonly servername?: string | undefined
  /**
   * Whether a server is refused whose certificate is not vouched for by `ca`, or is not for this name.
   *
   * @defaultValue true
   */
  readonly rejectUnauthorized?: boolean | undefined
}

type Check = NonNullable<NodeConnectOptions['checkServerIdentity']>

/** Node checks the values: what it says is passed on. */
const nodes = (help: string): OptionDescription => ({
  type: 'code',
  expected: "what Node's option of this name may be",
  check: (value): value is unknown => value !== undefined,
  help,
})

const CREDENTIALS: Readonly<Record<keyof Credentials, OptionDescription>> = {
  ca: nodes('certificates of authorities, in place of those that Node knows'),
  cert: nodes('the certificate chain, in PEM'),
  ciphers: nodes('cipher suites'),
  crl: nodes('revocation lists, in PEM'),
  dhparam: nodes('Diffie-Hellman parameters, or "auto"'),
  ecdhCurve: nodes('curves'),
  honorCipherOrder: nodes("whether the server's order of cipher suites counts"),
  key: nodes('the private key, in PEM'),
  maxVersion: nodes('the newest version of TLS'),
  minVersion: nodes('the oldest version of TLS'),
  passphrase: nodes('of the private key, or of pfx'),
  pfx: nodes('certificate and key, in PKCS#12'),
  secureOptions: nodes('flags of OpenSSL'),
  sigalgs: nodes('signature algorithms'),
}

const YES_OR_NO = { type: 'boolean' } as const

/** Describes {@link TlsServerOptions}. */
export const TLS_SERVER_OPTIONS: Readonly<Record<keyof TlsServerOptions, OptionDescription>> = {
  ...CREDENTIALS,
  ALPNProtocols: nodes('protocols, in order of preference'),
  SNICallback: nodes('gives the credentials for a name'),
  sessionIdContext: nodes('what sessions are kept apart by'),
  sessionTimeout: nodes('how long a session can be resumed, in seconds'),
  ticketKeys: nodes('48 bytes that session tickets are encrypted with'),
  requestCert: { ...YES_OR_NO, default: false, help: 'ask clients for a certificate' },
  rejectUnauthorized: { ...YES_OR_NO, default: true, help: 'turn away clients without a good certificate' },
  contexts: nodes('credentials by server name'),
}

const TLS_CLIENT_OPTIONS: Readonly<Record<keyof TlsClientOptions, OptionDescription>> = {
  ...CREDENTIALS,
  ALPNProtocols: nodes('protocols, in order of preference'),
  checkServerIdentity: {
    type: 'code',
    expected: 'a function',
    check: (value): value is Check => typeof value === 'function',
    help: "checks the certificate's name",
  },
  minDHSize: nodes('bits of Diffie-Hellman parameters at least'),
  servername: { type: 'string', help: 'the name to ask for' },
  rejectUnauthorized: { ...YES_OR_NO, default: true, help: 'refuse a server without a good certificate' },
}

/** Describes the option `tls`, which holds one of the two. */
export const TLS_OPTION: OptionDescription = {
  type: 'code',
  expected: 'an object of TLS options',
  check: (value): value is object => value === true || (typeof value === 'object' && value !== null),
  help: 'speak TLS, with these options',
}

/** Describes the option `handshakeTimeout`. */
export const HANDSHAKE_TIMEOUT: OptionDescription & { readonly default: number } = {
  type: 'integer',
  unit: 'ms',
  range: [0, LONGEST_DELAY],
  default: 5_000,
  help: 'how long a TLS handshake may take, until the connection is closed; 0 waits without end',
}

/**
 * A server of Node's that makes the handshakes and never listens.
 *
 * @param owner - leads the names in errors.
 * @throws {@link InvalidOptionError}, saying what Node does not like; never what is in it.
 */
export function toTlsEngine(owner: string, given: TlsServerOptions): Server {
  const { contexts = {}, ...options } = resolveOptions(owner, TLS_SERVER_OPTIONS, given) as TlsServerOptions
  if (!options.SNICallback && options.pfx === undefined && (options.cert === undefined || options.key === undefined)) {
    const missing = options.cert === undefined ? 'cert' : 'key'
    throw new InvalidOptionError(`${owner}.${missing}`, 'given, unless pfx or SNICallback is', undefined)
  }
  return refusing(owner, () => {
    // How long a handshake may take is watched by us: Node tells of it and leaves the connection open. Below zero it sets no timer.
    const engine = createServer({ ...(options as TlsOptions), handshakeTimeout: -1 })
    for (const [name, context] of Object.entries(contexts)) {
      refusing(`${owner}.contexts["${name}"]`, () => engine.addContext(name, context as SecureContext))
    }
    return engine
  })
}

/** What a client's handshakes are made with. */
export interface ClientTls {
  readonly secureContext: SecureContext
  readonly options: NodeConnectOptions
}

/** The same for a client, made once for all its connections. */
export function toClientTls(owner: string, given: TlsClientOptions | true): ClientTls {
  const options = resolveOptions(owner, TLS_CLIENT_OPTIONS, given === true ? {} : given) as TlsClientOptions
  return refusing(owner, () => {
    const { ALPNProtocols, checkServerIdentity, minDHSize, servername, rejectUnauthorized, ...credentials } = options
    const secureContext = createSecureContext(credentials as SecureContextOptions)
    const check = checkServerIdentity && refusingByThrow(checkServerIdentity)
    const others = { ALPNProtocols, checkServerIdentity: check, minDHSize, servername, rejectUnauthorized }
    const given = Object.entries(others).filter(([, value]) => value !== undefined)
    return { secureContext, options: Object.fromEntries(given) as NodeConnectOptions }
  })
}

/** A check that throws has not found the certificate good; Node would let it end the process. */
function refusingByThrow(check: Check): Check {
  return (host, certificate) => {
    try {
      return check(host, certificate)
    } catch (error) {
      return error instanceof Error ? error : new Error('checkServerIdentity threw', { cause: error })
    }
  }
}

function refusing<T>(owner: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof InvalidOptionError) throw error
    const { message, code = '' } = error as NodeJS.ErrnoException
    // The last part of what OpenSSL says; what comes before it is where in its sources.
    const said = code.startsWith('ERR_OSSL') ? message.split(':').at(-1) : message
    throw new InvalidOptionError(owner, 'what TLS can be made with', said)
  }
}
