import { randomUUID } from 'node:crypto'
import { float64, string } from '@deltaworks/schema'
import type { FunctionDefinition } from '../evaluation.js'
import { define } from './define.js'

/** Functions that give another value for each row. */
export const volatileFunctions = {
  random: define(
    'random() → double',
    'A random number from 0 to below 1; another one for each row.',
    [0, 0],
    () => ({ args: [], type: float64 }),
    () => () => Math.random(),
    { nullable: 'never', contextual: true, volatile: true, aliases: ['rand'] },
  ),
  uuid: define(
    'uuid() → string',
    'A random UUID (version 4); another one for each row.',
    [0, 0],
    () => ({ args: [], type: string }),
    () => () => randomUUID(),
    { nullable: 'never', contextual: true, volatile: true, aliases: ['gen_random_uuid', 'generate_uuid'] },
  ),
} satisfies Record<string, FunctionDefinition>
