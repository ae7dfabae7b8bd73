import { loadNative } from '@millrace/udp-native'
import { afterEach, beforeEach, describe, vi } from 'vitest'
import { loads } from './loads.ts'

const DRIVERS = [
  ['node', true, 'node'],
  ['native', loads(loadNative), undefined],
] as const

/** Registers tests of UDP once for each driver that is here. */
export function describeOnDrivers(title: string, register: (driver: 'node' | 'native') => void): void {
  for (const [name, isHere, wanted] of DRIVERS) {
    describe.runIf(isHere)(`${title}, on the ${name} driver${name === 'native' ? ' (where its binary is)' : ''}`, () => {
      beforeEach(() => void vi.stubEnv('MILLRACE_DRIVER', wanted))
      afterEach(() => void vi.unstubAllEnvs())
      register(name)
    })
  }
}
