import { randomBytes } from 'node:crypto'

/** Names one load, or unload, among all. */
export const uniqueId = (kind: string, nowMs: number): string => `${kind}-${nowMs}-${randomBytes(3).toString('hex')}`
