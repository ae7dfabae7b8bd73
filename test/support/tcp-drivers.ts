import { loadNative } from '@millrace/tcp-native'
import { afterAll, beforeAll, describe, vi } from 'vitest'
import { loads } from './loads.ts'

const DRIVERS = [
  ['native driver (where its binary is)', loads(loadNative), undefined],
  ['node driver', true, 'node'],
  ['node driver, by public interfaces alone', true, 'public'],
] as const

/** Registers tests of TCP once for each way to serve it that is here. */
export function describeOnTcpDrivers(title: string, register: () => void): void {
  for (const [name, isHere, wanted] of DRIVERS) {
    describe.runIf(isHere)(`${title}, on the ${name}`, () => {
      beforeAll(() => void vi.stubEnv('MILLRACE_DRIVER', wanted))
      afterAll(() => void vi.unstubAllEnvs())
      register()
    })
  }
}
