import type { BoundCall } from '@deltaworks/expression'
import { refuse, type LoopBuilder, type Operand } from './loop-builder.js'
import { i64Const } from './wasm-module.js'

const seed = 42n

/** xxhash64: each value that is not null is hashed with the hash so far as its seed. */
export function lowerHash(b: LoopBuilder, e: BoundCall, args: readonly Operand[]): Operand {
  return args.reduce(
    (hash, arg, i) => {
      const { kind } = e.args[i]!.type
      const hashed = (): Operand => {
        switch (arg.rep) {
          case 'text':
            return b.value('i64', b.set('i64', arg.code, hash.code, b.kernel('exprHashText')), null)
          case 'i64':
            return b.value('i64', b.set('i64', arg.code, hash.code, b.kernel('exprHashLong')), null)
          case 'i32':
            return b.value('i64', b.set('i64', arg.code, hash.code, b.kernel('exprHashInt')), null)
          case 'f64':
          case 'i128':
            return refuse(`xxhash64 of ${kind}`)
        }
      }
      return arg.valid === null ? hashed() : b.choose(arg.valid, 'i64', hashed, () => hash)
    },
    b.value('i64', i64Const(seed), null),
  )
}
