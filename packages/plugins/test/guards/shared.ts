import { type ConfiguredPlugin, createContainer, CLOCK, definePlugin } from '@millrace/core'
import type { VirtualClock } from '@millrace/core/testing'

type Passing = ConfiguredPlugin<unknown, Uint8Array, unknown, Uint8Array, 'same'>

/** One build of a guard for as many connections as come, as a server has it: `embed` builds for each. */
export function shared(configured: Passing, clock: VirtualClock): Passing {
  const built = configured.build(createContainer().register(CLOCK, { useValue: clock }))
  const factory = definePlugin<unknown, unknown, unknown, unknown>({
    name: configured.description.name,
    accepts: 'any',
    produces: 'same' as 'bytes',
    accept: (info) => built.accept?.(info),
    open: (context) => built.open(context),
  })
  return factory() as unknown as Passing
}
