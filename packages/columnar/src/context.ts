import { existsSync, readFileSync } from 'node:fs'
import { Heap, type Kernels } from './heap.js'

/** A thread's memory and the kernels that work on it. */
export interface ColumnarContext {
  readonly heap: Heap
  readonly kernels: Kernels
}

let compiled: WebAssembly.Module | undefined

/** The kernels, compiled once a process; post it to workers, which then need not compile it again. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(kernelFile()))
  return compiled
}

/** Beside this file where it is built or bundled; in dist where a test runs it from its source. */
function kernelFile(): URL {
  const beside = new URL('./kernels.wasm', import.meta.url)
  return existsSync(beside) ? beside : new URL('../dist/kernels.wasm', import.meta.url)
}

export function createContext(
  options: { readonly limitBytes?: number; readonly module?: WebAssembly.Module } = {},
): ColumnarContext {
  const heap = options.limitBytes === undefined ? new Heap() : new Heap(options.limitBytes)
  const instance = new WebAssembly.Instance(options.module ?? kernelModule(), {
    env: {
      memory: heap.memory,
      abort: () => {
        throw new WebAssembly.RuntimeError('kernel assertion failed')
      },
    },
  })
  const kernels = instance.exports as unknown as Kernels
  heap.kernels = kernels
  return { heap, kernels }
}
