import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'

// The tests that speak to programs nobody here wrote: `npm run test:interop` installs those first.
export default defineConfig({
  ...base,
  test: { ...base.test, include: ['test/interop/**/*.test.ts'], exclude: ['**/node_modules/**'], testTimeout: 60_000 },
})
