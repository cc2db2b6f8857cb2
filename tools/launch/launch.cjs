// Runs a bundled script, with V8's code cache of it if there is one: functions that the build has seen run are then
// not compiled again in every process. V8 refuses a cache of another version of itself; the script then runs without.
const { existsSync, readFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { join } = require('node:path')
const { setFlagsFromString } = require('node:v8')
const { Script } = require('node:vm')

// A run of a few files ends before optimised JavaScript has paid for its compilation, which takes the second core besides:
// V8 waits fifteen times longer than by default. The kernels do the heavy work, and a long run is optimised all the same.
setFlagsFromString('--interrupt-budget=1000000')

/** @returns the script and what it exports */
module.exports = function launch(name) {
  const file = join(__dirname, `${name}.script.cjs`)
  const cache = join(__dirname, `${name}.cache`)
  // A function of its require, import, name and module. The bundle is ASCII: read as such, it takes one byte a character and is
  // not decoded.
  const source = readFileSync(file, 'latin1')
  const script = new Script(source, {
    filename: file,
    cachedData: existsSync(cache) ? readFileSync(cache) : undefined,
  })
  // A script has no import() of its own: it is given this file's, which looks in the same places.
  const exported = { exports: {} }
  script.runInThisContext()(createRequire(file), (specifier) => import(specifier), file, exported)
  return { script, exports: exported.exports }
}
