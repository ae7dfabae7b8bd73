import {
  type ConfiguredPlugin,
  createContainer,
  type DependencyContainer,
  isAsyncStage,
  type Stage,
  type Stages,
} from '@millrace/core'
import { FakeContext } from './fake-context.ts'

/** Builds a plugin and opens it on a connection that does not exist. */
export function openPlugin<WI, MI, MO, WO>(
  configured: ConfiguredPlugin<WI, MI, MO, WO>,
  context: FakeContext = new FakeContext(),
  container: DependencyContainer = createContainer(),
): Stages<WI, MI, MO, WO> {
  return configured.build(container).open(context)
}

/** The inbound stage of a plugin that has a synchronous one. */
export function inboundOf<WI, MI, MO, WO>({ inbound }: Stages<WI, MI, MO, WO>): Stage<WI, MI> {
  if (inbound === undefined || isAsyncStage(inbound)) throw new Error('there is no synchronous inbound stage')
  return inbound
}
