import { readdirSync, readFileSync } from 'node:fs'
import { isDeltaworksError } from '@deltaworks/schema'
import { Arena } from './arena.js'
import { createContext, kernelModule } from './context.js'
import { HeapBuffer } from './heap-buffer.js'
import { chunkSize, Heap } from './heap.js'

const limited = (limit: number) => {
  const account = {
    used: 0,
    reserve(bytes: number) {
      if (account.used + bytes > limit) throw new RangeError('refused')
      account.used += bytes
    },
    release(bytes: number) {
      account.used -= bytes
    },
  }
  return account
}

describe('Heap', () => {
  it('hands out chunks of rounded sizes, and freed ones again', () => {
    expect([1, 65_536, 65_537, 1_048_576, 1_048_577].map(chunkSize)).toEqual([
      65_536, 65_536, 131_072, 1_048_576, 2_097_152,
    ])
    const heap = new Heap(16 * 1024 * 1024)
    const first = heap.allocate(100_000)
    expect(heap.usedBytes).toBe(131_072)
    heap.free(first, 100_000)
    expect(heap.usedBytes).toBe(0)
    expect(heap.allocate(131_072)).toBe(first)
  })
  it('E-38: refuses what is beyond its limit by a typed error', () => {
    const heap = new Heap(4 * 1024 * 1024)
    const allocate = () => heap.allocate(8 * 1024 * 1024)
    expect(allocate).toThrow(/memory is exhausted/)
    try {
      allocate()
    } catch (error) {
      expect(isDeltaworksError(error) && error.code).toBe('DW-COLUMNAR-0001')
    }
  })
})

describe('Arena', () => {
  it('aligns, zeroes, reserves whole chunks and gives them back', () => {
    const heap = new Heap(64 * 1024 * 1024)
    const account = limited(32 * 1024 * 1024)
    const arena = new Arena(heap, account)
    const addresses = [1, 15, 16, 100_000].map((bytes) => arena.allocateZeroed(bytes))
    expect(addresses.map((address) => address % 16)).toEqual([0, 0, 0, 0])
    expect(account.used).toBe(arena.sizeBytes)
    expect(heap.usedBytes).toBe(arena.sizeBytes)
    arena.reset()
    expect([account.used, heap.usedBytes, arena.sizeBytes]).toEqual([0, 0, 0])
  })
  it('reserves nothing if refused', () => {
    const heap = new Heap(64 * 1024 * 1024)
    const account = limited(65_536)
    const arena = new Arena(heap, account)
    arena.allocate(10)
    expect(() => arena.allocate(100_000)).toThrow('refused')
    expect(account.used).toBe(65_536)
    arena.close()
    expect([account.used, heap.usedBytes]).toEqual([0, 0])
  })
})

describe('HeapBuffer', () => {
  it('keeps its contents as it grows, and reserves what it has', () => {
    const heap = new Heap(64 * 1024 * 1024)
    const account = limited(32 * 1024 * 1024)
    const buffer = new HeapBuffer(heap, account)
    expect(buffer.ensure(10, 0)).toBe(true)
    heap.u8.set([1, 2, 3], buffer.address)
    expect(buffer.ensure(65_536, 3)).toBe(false)
    expect(buffer.ensure(65_537, 3)).toBe(true)
    expect([...heap.u8.subarray(buffer.address, buffer.address + 3)]).toEqual([1, 2, 3])
    expect(account.used).toBe(buffer.capacityBytes)
    expect(heap.usedBytes).toBe(buffer.capacityBytes)
    buffer.close()
    buffer.close()
    expect([account.used, heap.usedBytes, buffer.address]).toEqual([0, 0, 0])
  })
  it('keeps what it has if refused', () => {
    const heap = new Heap(64 * 1024 * 1024)
    const account = limited(100_000)
    const buffer = new HeapBuffer(heap, account)
    buffer.ensure(10, 0)
    const { address } = buffer
    expect(() => buffer.ensure(200_000, 10)).toThrow('refused')
    expect([buffer.address, account.used]).toEqual([address, 65_536])
    buffer.close()
  })
})

describe('kernels', () => {
  const exported = new Set(WebAssembly.Module.exports(kernelModule()).map(({ name }) => name))
  const folder = new URL('.', import.meta.url)
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))

  it('are there under every name that is called', () => {
    const called = sources.flatMap((path) =>
      [...readFileSync(new URL(path, folder), 'utf8').matchAll(/(?:kernels|kernelsOf\([^)]*\))\['(\w+)'\]/g)].map(
        (m) => m[1]!,
      ),
    )
    expect(called.length).toBeGreaterThan(30)
    expect(called.filter((name) => !exported.has(name))).toEqual([])
  })
  it('work on a memory of each context', () => {
    const [a, b] = [createContext(), createContext({ module: kernelModule(), limitBytes: 16 * 1024 * 1024 })]
    expect(a.heap.memory).not.toBe(b.heap.memory)
    expect(b.heap.limitBytes).toBe(16 * 1024 * 1024)
  })
})

describe('a heap under use', () => {
  it('E-38: joins what was freed, so that its memory stays near what was in use at once', () => {
    const heap = new Heap(256 * 1024 * 1024)
    const live: { address: number; bytes: number }[] = []
    let state = 1
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    let [inUse, peak] = [0, 0]
    for (let i = 0; i < 20_000; i++) {
      if (live.length > 0 && (inUse > 16 * 1024 * 1024 || random(2) === 0)) {
        const [{ address, bytes }] = live.splice(random(live.length), 1) as [{ address: number; bytes: number }]
        heap.free(address, bytes)
        inUse -= chunkSize(bytes)
        continue
      }
      const bytes = 1 + random(random(4) === 0 ? 4_000_000 : 200_000)
      const address = heap.allocate(bytes)
      expect(
        live.every(
          (other) => address >= other.address + chunkSize(other.bytes) || address + chunkSize(bytes) <= other.address,
        ),
      ).toBe(true)
      live.push({ address, bytes })
      inUse += chunkSize(bytes)
      peak = Math.max(peak, inUse)
    }
    expect(heap.usedBytes).toBe(inUse)
    expect(heap.touchedBytes).toBeLessThan(peak * 2)
    for (const { address, bytes } of live) heap.free(address, bytes)
    expect(heap.usedBytes).toBe(0)
    const whole = heap.touchedBytes - 3 * 1024 * 1024
    const before = heap.touchedBytes
    heap.allocate(whole)
    expect(heap.touchedBytes).toBe(before)
  })
})
