// Installs what `npm run test:interop` speaks to, where it is missing: netcats, Python 3, and clients of the example servers.
// Only on Debian and its kin, and only as root; elsewhere it says what to install.
import { spawnSync } from 'node:child_process'

/** Each program, how to see that it is there, and the package that brings it. */
const tools = [
  { name: 'socat', probe: ['socat', '-V'], from: 'socat' },
  // The traditional netcat has no -N (half-close at the end of stdin); the OpenBSD one lists it in its help.
  { name: 'nc (OpenBSD)', probe: ['nc', '-h'], says: /-N|\[-\w*N\w*\]/, from: 'netcat-openbsd' },
  { name: 'python3', probe: ['python3', '--version'], from: 'python3' },
  { name: 'dig', probe: ['dig', '-v'], from: 'bind9-dnsutils' },
  { name: 'kdig', probe: ['kdig', '--version'], from: 'knot-dnsutils' },
  { name: 'dnsperf', probe: ['dnsperf', '-h'], from: 'dnsperf' },
  { name: 'tshark', probe: ['tshark', '--version'], from: 'tshark' },
  { name: 'coap-client-notls', probe: ['sh', '-c', 'command -v coap-client-notls'], from: 'libcoap3-bin' },
  { name: 'mosquitto_pub', probe: ['sh', '-c', 'command -v mosquitto_pub'], from: 'mosquitto-clients' },
  { name: 'redis-cli', probe: ['redis-cli', '--version'], from: 'redis-tools' },
  { name: 'logger', probe: ['logger', '--version'], from: 'bsdutils' },
  { name: 'haproxy', probe: ['haproxy', '-v'], from: 'haproxy' },
  { name: 'nginx', probe: ['nginx', '-v'], from: 'nginx' },
  { name: 'nginx stream', probe: ['test', '-e', '/usr/lib/nginx/modules/ngx_stream_module.so'], from: 'libnginx-mod-stream' },
  { name: 'rsyslogd', probe: ['rsyslogd', '-v'], from: 'rsyslog' },
  { name: "rsyslogd's TLS (OpenSSL)", probe: ['sh', '-c', 'ls /usr/lib/*/rsyslog/lmnsd_ossl.so'], from: 'rsyslog-openssl' },
  { name: "rsyslogd's TLS (GnuTLS)", probe: ['sh', '-c', 'ls /usr/lib/*/rsyslog/lmnsd_gtls.so'], from: 'rsyslog-gnutls' },
  { name: 'openssl', probe: ['openssl', 'version'], from: 'openssl' },
  { name: 'tftp', probe: ['tftp', '-V'], from: 'tftp-hpa' },
  { name: 'curl with TFTP', probe: ['curl', '--version'], says: /\btftp\b/, from: 'curl' },
]

function isMissing({ probe: [command, ...args], says }) {
  const run = spawnSync(command, args, { encoding: 'utf8' })
  if (run.error !== undefined) return true
  return says === undefined ? run.status !== 0 : !says.test(run.stdout + run.stderr)
}

/** Runs apt-get; returns its output when it failed. */
function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const run = spawnSync('apt-get', args, { encoding: 'utf8', env, maxBuffer: 64 << 20 })
  if (run.error !== undefined) return run.error.message
  return run.status === 0 ? undefined : run.stdout + run.stderr
}

function install(packages) {
  const args = ['install', '-y', '--no-install-recommends', ...packages]
  // The package lists of a fresh machine are empty or old: look once whether they do, then bring them up to date.
  return aptGet(...args) === undefined ? undefined : aptGet('update') ?? aptGet(...args)
}

const missing = tools.filter(isMissing)
if (missing.length > 0) {
  const packages = missing.map(({ from }) => from)
  const names = missing.map(({ name }) => name).join(', ')
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) {
    console.error(`setup-interop: ${names} missing; install ${packages.join(', ')} (needs root and apt-get here), then run this again`)
    process.exit(1)
  }
  console.error(`setup-interop: installing ${packages.join(', ')} with apt-get`)
  const failure = install(packages)
  if (failure !== undefined) console.error(failure)
  const still = tools.filter(isMissing)
  if (still.length > 0) {
    console.error(`setup-interop: could not install ${still.map(({ name }) => name).join(', ')}`)
    process.exit(1)
  }
}
