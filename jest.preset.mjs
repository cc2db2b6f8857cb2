import { join } from 'node:path'
import { workspaceModules } from './tools/jest/workspace-modules.mjs'

const tool = (file) => join(import.meta.dirname, 'tools/jest', file)

/** Of one test, in milliseconds: far more than it takes, for machines that do other things besides. */
export const testTimeout = 120_000

/** One jest preset for every package: ESM, TypeScript through swc, relative `.js` imports resolved to their sources. */
export default {
  testEnvironment: tool('plain-global-environment.mjs'),
  setupFilesAfterEnv: [tool('equality.mjs')],
  globalSetup: tool('workspace-modules.mjs'),
  globalTeardown: tool('delete-workspace-modules.mjs'),
  roots: ['<rootDir>/src'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { ...workspaceModules, '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  testTimeout,
}
