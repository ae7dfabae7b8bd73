import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Vite's own defaults for Node, after the condition under which a package gives its sources: tests need no build.
const conditions = ['@millrace/source', 'module', 'node', 'development|production']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'bench/test/**/*.test.ts'],
    // Needs tools beside Node: `npm run test:interop`.
    exclude: ['**/node_modules/**', 'test/interop/**'],
    // Two processors do twice the work of one; Vitest would leave one of them alone.
    maxWorkers: '100%',
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // A test that starts `node --import tsx` in another directory gets the decorator setting all the same.
    env: { TSX_TSCONFIG_PATH: fileURLToPath(new URL('tsconfig.json', import.meta.url)) },
    coverage: { include: ['packages/*/src/**/*.ts'] },
  },
})
