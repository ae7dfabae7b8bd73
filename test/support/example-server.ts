import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { root } from '../docs/markdown.ts'

/** One of examples/servers, started as a user would, on a port that the system chooses. */
export class ExampleServer {
  readonly process: ChildProcessWithoutNullStreams
  /** Rejects where it ends before it listens. */
  readonly port: Promise<number>
  /** The same of its other port, where it was told to speak TLS. */
  readonly tlsPort: Promise<number>
  /** Its exit code. */
  readonly exited: Promise<number | null>
  stdout = ''
  stderr = ''

  /** @param more - of its arguments, behind the port. */
  constructor(name: string, ...more: readonly string[]) {
    const args = ['--conditions=@millrace/source', 'scripts/example.mjs', `servers/${name}`, '0', ...more]
    const child = spawn(process.execPath, args, { cwd: root })
    this.process = child
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.exited = once(child, 'close').then(([code]) => code as number | null)
    this.port = new Promise((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        this.stderr += text
        const port = /^listening on port (\d+)/m.exec(this.stderr)?.[1]
        if (port !== undefined && this.stderr.endsWith('\n')) resolve(Number(port))
      })
      void this.exited.then(() => reject(new Error(`it has ended: ${this.stderr}`)))
    })
    this.port.catch(() => {})
    this.tlsPort = this.port.then(() => Number(/, with TLS on port (\d+);/.exec(this.stderr)?.[1]))
    this.tlsPort.catch(() => {})
  }

  /** Ends it, if it has not ended by itself. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.exited
  }
}
