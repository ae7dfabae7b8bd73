import { loadNative } from '@millrace/tcp-native'
import { afterAll, beforeAll, describe, vi } from 'vitest'

/** Whether the native driver can be had here: on Linux, once `npm run build:native` has made its binary. */
function hasNative(): boolean {
  try {
    loadNative()
    return true
  } catch {
    return false
  }
}

const DRIVERS = [
  ['native driver (where its binary is)', hasNative(), undefined],
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
