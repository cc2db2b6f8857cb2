import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { FileStore } from './file-store.js'

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-storage-'))
afterAll(() => rmSync(folder, { recursive: true }))
let stores = 0
const newRoot = (): string => join(folder, `root${stores++}`)
const built = new URL('../dist/file-store.js', import.meta.url).href

/** Runs a script that has `FileStore` and its arguments; @returns its output, or null if it was killed. */
const runScript = (body: string, args: readonly string[]): Promise<string | null> =>
  new Promise((resolve, reject) => {
    const script = `import { FileStore } from ${JSON.stringify(built)}\nconst args = process.argv.slice(1)\n${body}`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', reject)
    child.on('close', (_code, signal) => resolve(signal === null ? output : null))
  })

describe('FileStore', () => {
  it('lets one of many processes create each key', async () => {
    const root = newRoot()
    const body = `
      const store = new FileStore(args[0])
      const won = []
      for (let i = 0; i < 200; i++) {
        const result = await store.put('log/' + i + '.json', Buffer.from(args[1].repeat(1000)), 'create')
        if (result === 'written') won.push(i)
      }
      console.log(JSON.stringify(won))`
    const outputs = await Promise.all(['a', 'b', 'c', 'd'].map((id) => runScript(body, [root, id])))
    const won = outputs.map((output) => JSON.parse(output!) as number[])
    expect(won.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i))
    const store = new FileStore(root)
    for (const [process, keys] of won.entries()) {
      for (const key of keys) {
        const content = Buffer.from(await store.get(`log/${key}.json`)).toString()
        expect(content).toBe('abcd'[process]!.repeat(1000))
      }
    }
    expect(readdirSync(join(root, 'log')).filter((name) => name.startsWith('.tmp-'))).toEqual([])
  })

  // Each child dies by SIGKILL inside its n-th system call on the file system.
  it.each(['openSync', 'writeSync', 'fsyncSync', 'closeSync', 'linkSync', 'renameSync', 'unlinkSync'])(
    'shows a whole object or none if the process is killed before or after %s',
    async (call) => {
      for (const moment of ['before', 'after']) {
        for (const mode of ['create', 'overwrite'] as const) {
          const root = newRoot()
          const body = `
            import fs from 'node:fs'
            import { syncBuiltinESMExports } from 'node:module'
            const real = fs[${JSON.stringify(call)}]
            fs[${JSON.stringify(call)}] = (...rest) => {
              if (${JSON.stringify(moment)} === 'before') process.kill(process.pid, 'SIGKILL')
              const result = real(...rest)
              process.kill(process.pid, 'SIGKILL')
              return result
            }
            syncBuiltinESMExports()
            await new FileStore(args[0], { durable: true }).put('t/log', Buffer.from('x'.repeat(100000)), ${JSON.stringify(mode)})
            console.log('done')`
          mkdirSync(join(root, 't'), { recursive: true })
          await runScript(body, [root])
          const store = new FileStore(root)
          const listed = await store.list('')
          expect(listed.map((meta) => meta.sizeBytes)).toEqual(listed.length === 0 ? [] : [100000])
          expect(await store.put('t/log', Buffer.from('y'), 'create')).toBe(listed.length === 0 ? 'written' : 'exists')
          await store.sweep('', -1000)
          expect(readdirSync(join(root, 't'))).toEqual(['log'])
        }
      }
    },
  )

  it('tells by a typed error that its root cannot be written', async () => {
    const file = join(folder, 'a-file')
    writeFileSync(file, '')
    const store = new FileStore(join(file, 'lake'))
    const error = {
      code: 'DW-STORAGE-0002',
      fault: 'storage',
      message: expect.stringContaining('is a file') as unknown,
    }
    await expect(store.put('x', new Uint8Array(1), 'create')).rejects.toMatchObject(error)
    await expect(store.put('x', new Uint8Array(1), 'overwrite')).rejects.toMatchObject(error)
    await expect(store.writer('x')).rejects.toMatchObject(error)
    expect(await store.list('')).toEqual([])
    expect(await store.exists('x')).toBe(false)
    await expect(new FileStore('/proc/lake').put('x', new Uint8Array(1), 'create')).rejects.toMatchObject({
      code: 'DW-STORAGE-0002',
    })
  })

  it('tells by a typed error that permission is missing', async () => {
    if (process.getuid?.() === 0) {
      console.log('skipped: root may do anything, so nothing can be forbidden')
      return
    }
    const root = newRoot()
    mkdirSync(root)
    chmodSync(root, 0o500)
    await expect(new FileStore(root).put('x', new Uint8Array(1), 'create')).rejects.toMatchObject({
      code: 'DW-STORAGE-0002',
    })
  })

  it('does not overwrite a folder, nor read one', async () => {
    const root = newRoot()
    mkdirSync(join(root, 'd'), { recursive: true })
    const store = new FileStore(root)
    await expect(store.put('d', new Uint8Array(1), 'overwrite')).rejects.toMatchObject({ code: 'DW-STORAGE-0002' })
    await expect(store.get('d')).rejects.toMatchObject({ code: 'DW-STORAGE-0001' })
    expect(readdirSync(root)).toEqual(['d'])
  })

  it('D-76: walks many files, which another thread is asked about, as it lists them', async () => {
    const root = newRoot()
    const old = new Date(86_400_000)
    for (let i = 0; i < 9000; i++) {
      if (i % 3000 === 0) mkdirSync(join(root, `p=${i / 3000}`), { recursive: true })
      const file = join(root, `p=${Math.floor(i / 3000)}`, `f${i}`)
      writeFileSync(file, 'x'.repeat(i % 7))
      if (i % 2 === 0) utimesSync(file, old, old)
    }
    symlinkSync('f0', join(root, 'p=0', 'link'))
    symlinkSync('nowhere', join(root, 'p=0', 'broken'))
    symlinkSync('circle', join(root, 'p=0', 'circle'))
    symlinkSync('.', join(root, 'p=0', 'folder'))
    const store = new FileStore(root)
    const walked: string[] = []
    await store.walk('', (path, sizeBytes, modifiedMs) => walked.push(`${path} ${sizeBytes} ${modifiedMs}`))
    const listed = (await store.list('')).map((meta) => `${meta.path} ${meta.sizeBytes} ${meta.modifiedMs}`)
    expect(listed).toHaveLength(9001)
    expect(walked.sort()).toEqual(listed.sort())
    const failing = store.walk('', () => {
      throw new RangeError('enough')
    })
    await expect(failing).rejects.toThrow('enough')
  })

  it('makes its folders again when somebody removed them', async () => {
    const root = newRoot()
    const store = new FileStore(root)
    await store.put('a/b/c', new Uint8Array(1), 'create')
    rmSync(root, { recursive: true })
    await store.put('a/b/c', new Uint8Array(2), 'create')
    expect((await store.head('a/b/c')).sizeBytes).toBe(2)
  })

  it('follows links to files, does not list through linked folders, deletes the link alone', async () => {
    const root = newRoot()
    const outside = newRoot()
    mkdirSync(outside)
    mkdirSync(root)
    writeFileSync(join(outside, 'f'), 'data')
    symlinkSync(join(outside, 'f'), join(root, 'link'))
    symlinkSync(outside, join(root, 'folder'))
    symlinkSync(join(root, 'nowhere'), join(root, 'broken'))
    const store = new FileStore(root)
    expect((await store.list('')).map((meta) => [meta.path, meta.sizeBytes])).toEqual([['link', 4]])
    expect(Buffer.from(await store.get('folder/f')).toString()).toBe('data')
    await store.delete(['link'])
    expect(existsSync(join(outside, 'f'))).toBe(true)
    // A name taken by a broken link is taken.
    expect(await store.put('broken', new Uint8Array(1), 'create')).toBe('exists')
  })

  it('tells which files are links that lead out of it', async () => {
    const root = join(folder, 'linked')
    mkdirSync(join(root, 'in'), { recursive: true })
    writeFileSync(join(folder, 'secret'), 'x')
    writeFileSync(join(root, 'in/a'), 'x')
    symlinkSync('../secret', join(root, 'out'))
    symlinkSync('in/a', join(root, 'inner'))
    const store = new FileStore(root)
    expect(await store.outside(['out', 'inner', 'in/a', 'missing'])).toEqual(['out'])
    // Of many files of a folder, too.
    const many = Array.from({ length: 100 }, (_, i) => `missing${i}`)
    expect(await store.outside([...many, 'inner', 'out', 'in/a'])).toEqual(['out'])
  })

  it('sweeps what dead writers left, if it is old enough', async () => {
    const root = newRoot()
    const store = new FileStore(root)
    await store.put('t/data', new Uint8Array(1), 'create')
    writeFileSync(join(root, 't/.tmp-old'), '')
    utimesSync(join(root, 't/.tmp-old'), 0, 0)
    writeFileSync(join(root, 't/.tmp-new'), '')
    expect((await store.list('')).map((meta) => meta.path)).toEqual(['t/data'])
    expect(await store.sweep('', 3_600_000)).toBe(1)
    expect(readdirSync(join(root, 't')).sort()).toEqual(['.tmp-new', 'data'])
  })

  it('changes the etag when an object is replaced', async () => {
    const store = new FileStore(newRoot())
    await store.put('a', new Uint8Array([1]), 'overwrite')
    const before = await store.head('a')
    await store.put('a', new Uint8Array([2]), 'overwrite')
    expect((await store.head('a')).etag).not.toBe(before.etag)
  })
})
