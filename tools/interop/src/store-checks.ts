import { openStore, type ObjectStore } from '@deltaworks/storage'

/* What a bucket of any cloud must do, as checks: null, or what is wrong. */

const MiB = 1024 * 1024
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => Buffer.from(data).toString('utf8')

export const differs = (expected: unknown, actual: unknown): string | null =>
  JSON.stringify(expected) === JSON.stringify(actual)
    ? null
    : `expected ${JSON.stringify(expected).slice(0, 400)}, got ${JSON.stringify(actual).slice(0, 400)}`

/** Creating, reading by ranges, odd names, copies, listings of several pages, deletes. */
export async function objects(store: ObjectStore): Promise<string | null> {
  const odd = 'odd/é x+y=1%2&(1)!.json'
  const outcomes = [await store.put('k', bytes('0123456789'), 'create'), await store.put('k', bytes('x'), 'create')]
  const ranges = [
    text(await store.get('k', { start: 2, end: 5 })),
    text(await store.get('k', { start: 8, end: 50 })),
    text(await store.get('k', { start: 50, end: 60 })),
  ]
  await store.put(odd, bytes('1'), 'create')
  await store.copy(odd, 'copy ü')
  for (let i = 0; i < 1100; i += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, j) => store.put(`many/${i + j}`, bytes('x'), 'overwrite')))
  }
  const many = await store.list('many')
  await store.delete([...many.map((meta) => meta.path), 'missing'])
  const left = (await store.list('')).map((meta) => meta.path)
  const after = (await store.list('', { startAfter: 'k' })).map((meta) => meta.path)
  const flat = (await store.list('', { recursive: false })).map((meta) => meta.path)
  const missing = await store.get('nothing').catch((error: { code: string }) => error.code)
  const sweepable = await store.sweep?.('', 0)
  const empty = [await store.put('empty', new Uint8Array(0), 'create'), (await store.get('empty')).length]
  return differs(
    [
      ['written', 'exists'],
      ['234', '89', ''],
      1100,
      ['copy ü', 'k', odd],
      [odd],
      ['copy ü', 'k'],
      '1',
      'DW-STORAGE-0001',
      0,
      ['written', 0],
    ],
    [outcomes, ranges, many.length, left, after, flat, text(await store.get('copy ü')), missing, sweepable, empty],
  )
}

/** Of eight writers that create one object at once, one wins, and the object is what that one wrote. */
export async function race(bucket: string): Promise<string | null> {
  // Each names the same objects from another folder above them: eight stores, with connections and probes of their own.
  const folders = ['r', 'a', 'c', 'e', 'd', 'b', 'y', '8']
  const stores = folders.map((_, i) => ({
    store: openStore([bucket, ...folders.slice(0, i)].join('/')),
    path: (name: string): string => [...folders.slice(i), name].join('/'),
  }))
  for (let round = 0; round < 40; round++) {
    const outcomes = await Promise.all(
      stores.map(({ store, path }, i) => store.put(path(`${round}.json`), new Uint8Array(100_000).fill(i), 'create')),
    )
    const winners = outcomes.flatMap((outcome, i) => (outcome === 'written' ? [i] : []))
    const { store, path } = stores[0]!
    const content = await store.get(path(`${round}.json`))
    if (winners.length !== 1 || content.length !== 100_000 || content.some((byte) => byte !== winners[0])) {
      return `round ${round}: winners ${winners.join(', ')}, content of ${content[0]}`
    }
  }
  return null
}

/** An object that is sent in parts appears when it is closed, one that is given up never; conditions hold for parts, too. */
export async function parts(store: ObjectStore): Promise<string | null> {
  const content = new Uint8Array(21 * MiB + 7).map((_, i) => i >>> 8)
  const writer = await store.writer('big')
  for (let at = 0; at < content.length; at += 3 * MiB) await writer.write(content.subarray(at, at + 3 * MiB))
  await writer.close()
  const given = await store.writer('given up')
  await given.write(content)
  await given.abort()
  const target = new Uint8Array(new SharedArrayBuffer(content.length + 10))
  const count = await store.getInto('big', 0, target)
  const same = Buffer.compare(content, target.subarray(0, count)) === 0
  const huge = new Uint8Array(33 * MiB).fill(7)
  const creations = [await store.put('huge', huge, 'create'), await store.put('huge', huge.fill(8), 'create')]
  const kept = await store.get('huge')
  return differs(
    [content.length, true, ['written', 'exists'], [33 * MiB, 7, 7], ['big', 'huge']],
    [count, same, creations, [kept.length, kept[0], kept.at(-1)], (await store.list('')).map((meta) => meta.path)],
  )
}
