import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import asc from 'assemblyscript/asc'

/** Compiles assembly/index.ts to dist/kernels.wasm; does nothing if the sources are those of the last build. */
const root = import.meta.dirname
const sources = readdirSync(join(root, 'assembly'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  .sort()
const hash = createHash('sha256')
for (const path of [...sources, import.meta.filename]) hash.update(readFileSync(path))
const fingerprint = hash.digest('hex')
const target = join(root, 'dist', 'kernels.wasm')
const stamp = join(root, 'dist', 'kernels.sha256')
if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) process.exit(0)
mkdirSync(join(root, 'dist'), { recursive: true })
const { error, stderr } = await asc.main([
  join(root, 'assembly', 'index.ts'),
  '--outFile',
  target,
  '-O3',
  // Names of functions, for CPU profiles and flame graphs.
  '--debug',
  '--noAssert',
  '--runtime',
  'stub',
  '--importMemory',
  '--sharedMemory',
  '--maximumMemory',
  '65536',
  '--initialMemory',
  '64',
  '--enable',
  'simd',
  '--enable',
  'threads',
  '--enable',
  'bulk-memory',
  '--enable',
  'sign-extension',
  '--enable',
  'mutable-globals',
  '--enable',
  'nontrapping-f2i',
  '--memoryBase',
  '1024',
])
if (error !== null) {
  console.error(String(stderr))
  process.exit(1)
}
writeFileSync(stamp, fingerprint)
