import type { Arena, Heap } from '@deltaworks/columnar'
import { OwnedBuffer } from './heap-buffer.js'
import type { ParquetKernels } from './kernels.js'
import { ThriftWriter } from './thrift-writer.js'

const blockBytes = 32
const maxBytes = 16 * 1024 * 1024

/**
 * Collects the hashes of a chunk's values and makes its split block Bloom filter: as large as their number asks at first, then
 * folded as long as the wanted rate of false positives allows, since many of them may be equal.
 */
export class BloomFilterBuilder {
  readonly #heap: Heap
  readonly #kernels: ParquetKernels
  readonly #hashes: OwnedBuffer
  readonly #rate: number

  constructor(arena: Arena, kernels: ParquetKernels, falsePositiveRate: number) {
    this.#heap = arena.heap
    this.#kernels = kernels
    this.#hashes = new OwnedBuffer(arena, 1024)
    this.#rate = falsePositiveRate
  }

  /** @param width bytes of a PLAIN value; 0: byte arrays behind their lengths */
  add(plain: number, width: number, count: number): void {
    this.#hashes.reserve(8 * count)
    this.#kernels.parquetHashPlain(plain, width, count, this.#hashes.end)
    this.#hashes.length += 8 * count
  }

  /** Header and bits, as they stand in a file. */
  finish(scratch: Arena): Uint8Array {
    const count = this.#hashes.length / 8
    let blocks = blocksFor(count, this.#rate)
    const filter = scratch.allocateZeroed(blocks * blockBytes)
    this.#kernels.parquetBloomInsert(filter, blocks, this.#hashes.address, count)
    while (blocks > 1) {
      const bits = this.#kernels.parquetBloomFoldedBits(filter, blocks)
      if ((bits / (blocks * 128)) ** 8 > this.#rate) break
      this.#kernels.parquetBloomFold(filter, blocks)
      blocks /= 2
    }
    const header = bloomHeader(blocks * blockBytes)
    const result = new Uint8Array(header.length + blocks * blockBytes)
    result.set(header)
    result.set(this.#heap.u8.subarray(filter, filter + blocks * blockBytes), header.length)
    return result
  }

  close(): void {
    this.#hashes.close()
  }
}

/** BloomFilter.md's estimate for blocks with eight bits a value, rounded up to a power of two. */
function blocksFor(values: number, rate: number): number {
  const bits = (-8 * Math.max(1, values)) / Math.log(1 - rate ** (1 / 8))
  const bytes = Math.min(maxBytes, Math.max(blockBytes, bits / 8))
  return 2 ** Math.ceil(Math.log2(bytes / blockBytes))
}

function bloomHeader(sizeBytes: number): Uint8Array {
  const writer = new ThriftWriter(32)
  writer.begin()
  writer.i32(1, sizeBytes)
  // The only algorithm, hash and compression that there are: unions of which the first member is set.
  for (const id of [2, 3, 4]) {
    writer.begin(id)
    writer.begin(1)
    writer.end()
    writer.end()
  }
  writer.end()
  return writer.bytes()
}
