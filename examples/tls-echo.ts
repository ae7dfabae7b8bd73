// The same echo over TLS: a server with a certificate, a client that checks it, and one that does not accept it.
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { CertificateError, connectTcp, createTcpServer, echo, pipeline } from 'millrace'

// In place of your own: a certificate for localhost, and the authority that vouches for it.
const pem = (file: string): Buffer => readFileSync(new URL(`../test/fixtures/tls/${file}`, import.meta.url))
const tls = { cert: pem('server.pem'), key: pem('server.key') }

const server = await createTcpServer(pipeline(echo()), { tls }).listen({ host: 'localhost', port: 0 })
const port = server.address?.port

const client = await connectTcp({ host: 'localhost', port, tls: { ca: pem('authority.pem') } })
console.log(`${client.tls?.protocol}, a certificate for ${client.tls?.peerCertificate?.subject}`)
client.write(Buffer.from('hello'))
await client.closeWrite()
console.log(await text(client))

try {
  await connectTcp({ host: 'localhost', port, tls: true })
} catch (error) {
  if (error instanceof CertificateError) console.log(`refused: ${error.reason}`)
}
await server.close()
