import {
  chunker,
  createContainer,
  createTcpServer,
  definePlugin,
  echo,
  LOGGER,
  logging,
  pipeline,
  uppercaser,
} from 'millrace'
import { discardingLogger } from './discarding-logger.ts'
import { listenOn } from './listening.ts'
import type { Listening, Peer } from './peer.ts'

/** Every option of the server at its default; logging logs both directions, as it does by default. */
async function listen(size: number, third: typeof uppercaser | typeof passing = uppercaser): Promise<Listening> {
  const container = createContainer()
  container.register(LOGGER, { useValue: discardingLogger })
  const shout = pipeline(logging(), chunker({ size }), third(), echo())
  return listenOn(createTcpServer(shout, { container }))
}

const passing = definePlugin<Uint8Array, Uint8Array, Uint8Array, Uint8Array>({
  name: 'passing',
  open: () => ({ inbound: { push: (chunk, emit) => emit(chunk), borrows: true } }),
})

export const millraceChain: Peer = {
  about: '`pipeline(logging(), chunker({ size: 64 }), uppercaser(), echo())`, the logger discarding',
  listen: () => listen(64),
}

export const millraceBulkChain: Peer = {
  about: 'the same with `chunker({ size: 65_536 })`',
  listen: () => listen(65_536),
}

export const millracePassingChain: Peer = {
  about: 'the same with a plugin in the place of `uppercaser` that passes on what it gets',
  listen: () => listen(65_536, passing),
}
