// `npm start`: serves `logging uppercaser echo` on TCP and UDP port 10000 from source and, as each listener is ready, says on
// stderr what to type into another terminal. What follows `--` goes to the command too: `npm start -- --tcp 12000`.
// The command runs in this process, so signals and exit codes are its own.
import { fileURLToPath } from 'node:url'

/** What to type to reach the listener at `host`, `port`; a line typed there comes back in capitals. */
const hints = {
  tcp: (host, port) => [
    `nc ${host} ${port}`,
    `npm run millrace -- connect tcp://${urlHost(host)}:${port}`,
    `node -e "require('net').connect(${port}, '${host}').end('hello\\n').pipe(process.stdout)"`,
  ],
  udp: (host, port) => [
    `nc -u ${host} ${port}`,
    `npm run millrace -- connect udp://${urlHost(host)}:${port}`,
    `node -e "const s = require('dgram').createSocket('${host.includes(':') ? 'udp6' : 'udp4'}')` +
      `.on('message', (m) => { process.stdout.write(m); s.close() }); s.send('hello\\n', ${port}, '${host}')"`,
  ],
}

function urlHost(host) {
  return host.includes(':') ? `[${host}]` : host
}

function hint(line) {
  const match = /^listening (tcp|udp) \[?(.+?)\]?:(\d+)$/.exec(line)
  if (match === null) return
  const [, transport, host, port] = match
  const commands = hints[transport](host, port).map((command) => `  ${command}\n`)
  process.stderr.write(`\nType into another terminal, to speak ${transport.toUpperCase()}:\n${commands.join('')}`)
}

/** Passes on what is written to stdout, and calls `onLine` for each whole line of it. */
function watchLines(onLine) {
  const write = process.stdout.write.bind(process.stdout)
  let rest = ''
  process.stdout.write = (chunk, ...others) => {
    const written = write(chunk, ...others)
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    lines.forEach(onLine)
    return written
  }
}

/** `--FLAG 10000`, unless the caller names another port. */
function listener(flag, given) {
  return given.some((argument) => argument === flag || argument.startsWith(`${flag}=`)) ? [] : [flag, '10000']
}

const given = process.argv.slice(2)
watchLines(hint)
process.argv = [
  ...process.argv.slice(0, 2),
  fileURLToPath(new URL('../packages/millrace/src/cli/main.ts', import.meta.url)),
  'serve', ...listener('--tcp', given), ...listener('--udp', given), 'logging', 'uppercaser', 'echo', ...given,
]
await import('./run.mjs')
