/*
 * The writing side of roaring-bitmap.ts: the portable RoaringBitmapArray of the protocol, one bitmap (rows below 2^32), each
 * container in the smallest of its three forms.
 */

const portableMagic = 1681511377
const noRunCookie = 12346
const runCookie = 12347
const bitsBytes = 8192
const maxArrayLength = 4096

interface Container {
  readonly key: number
  /** Range of the container's values in the rows. */
  readonly start: number
  readonly end: number
  readonly form: 'array' | 'bits' | 'run'
  readonly runs: number
  readonly sizeBytes: number
}

/**
 * The bytes of a RoaringBitmapArray (PROTOCOL.md, "Deletion Vector Format"); `decodeRoaringBitmapArray` reads them.
 * @param rows row indexes, strictly ascending
 * @throws RangeError if they are not
 */
export function encodeRoaringBitmapArray(rows: Uint32Array): Uint8Array {
  checkAscending(rows)
  const containers = containersOf(rows)
  const header = rows.length === 0 ? 12 : 16
  const start = header + headerBytes(containers)
  const size = rows.length === 0 ? header : containers.reduce((sum, { sizeBytes }) => sum + sizeBytes, start)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, portableMagic, true)
  view.setBigUint64(4, rows.length === 0 ? 0n : 1n, true)
  // The bitmap's own key, the upper half of its rows, stays 0.
  if (rows.length > 0) writeBitmap(view, header, rows, containers)
  return bytes
}

function checkAscending(rows: Uint32Array): void {
  for (let i = 1; i < rows.length; i++) {
    if (rows[i]! <= rows[i - 1]!) throw new RangeError(`row ${rows[i]!} comes behind row ${rows[i - 1]!}`)
  }
}

function containersOf(rows: Uint32Array): readonly Container[] {
  const containers: Container[] = []
  for (let start = 0; start < rows.length;) {
    const key = rows[start]! >>> 16
    let end = start + 1
    let runs = 1
    for (; end < rows.length && rows[end]! >>> 16 === key; end++) if (rows[end]! !== rows[end - 1]! + 1) runs++
    containers.push(smallest(key, start, end, runs))
    start = end
  }
  return containers
}

function smallest(key: number, start: number, end: number, runs: number): Container {
  const count = end - start
  const plain = count <= maxArrayLength ? 2 * count : bitsBytes
  const asRuns = 2 + 4 * runs
  if (asRuns < plain) return { key, start, end, form: 'run', runs, sizeBytes: asRuns }
  return { key, start, end, form: count <= maxArrayLength ? 'array' : 'bits', runs, sizeBytes: plain }
}

const hasRuns = (containers: readonly Container[]): boolean => containers.some(({ form }) => form === 'run')
const hasOffsets = (containers: readonly Container[]): boolean => !hasRuns(containers) || containers.length >= 4

const headerBytes = (containers: readonly Container[]): number =>
  (hasRuns(containers) ? 4 + ((containers.length + 7) >> 3) : 8) +
  4 * containers.length +
  (hasOffsets(containers) ? 4 * containers.length : 0)

function writeBitmap(view: DataView, start: number, rows: Uint32Array, containers: readonly Container[]): void {
  const count = containers.length
  let at = start + 4
  if (hasRuns(containers)) {
    view.setUint32(start, runCookie | ((count - 1) << 16), true)
    containers.forEach(({ form }, i) => {
      const byte = at + (i >> 3)
      if (form === 'run') view.setUint8(byte, view.getUint8(byte) | (1 << (i & 7)))
    })
    at += (count + 7) >> 3
  } else {
    view.setUint32(start, noRunCookie, true)
    view.setUint32(at, count, true)
    at += 4
  }
  for (const { key, start: first, end } of containers) {
    view.setUint16(at, key, true)
    view.setUint16(at + 2, end - first - 1, true)
    at += 4
  }
  let data = start + headerBytes(containers)
  for (const container of containers) {
    if (hasOffsets(containers)) {
      view.setUint32(at, data - start, true)
      at += 4
    }
    writeContainer(view, data, rows, container)
    data += container.sizeBytes
  }
}

function writeContainer(view: DataView, at: number, rows: Uint32Array, container: Container): void {
  const { start, end, form } = container
  switch (form) {
    case 'array':
      for (let i = start; i < end; i++) view.setUint16(at + 2 * (i - start), rows[i]! & 0xffff, true)
      break
    case 'bits':
      for (let i = start; i < end; i++) {
        const low = rows[i]! & 0xffff
        view.setUint8(at + (low >> 3), view.getUint8(at + (low >> 3)) | (1 << (low & 7)))
      }
      break
    case 'run':
      writeRuns(view, at, rows, container)
      break
  }
}

function writeRuns(view: DataView, at: number, rows: Uint32Array, { start, end, runs }: Container): void {
  view.setUint16(at, runs, true)
  let out = at + 2
  for (let first = start; first < end;) {
    let last = first
    while (last + 1 < end && rows[last + 1]! === rows[last]! + 1) last++
    view.setUint16(out, rows[first]! & 0xffff, true)
    view.setUint16(out + 2, last - first, true)
    out += 4
    first = last + 1
  }
}
