// Runs a bundled app and keeps V8's code cache of what ran, and that of its worker. usage: node write-code-cache.cjs <bundle folder> [the app's arguments]
const { writeFileSync } = require('node:fs')
const { join } = require('node:path')

const [bundle] = process.argv.splice(2, 1)
const launch = require(join(bundle, 'launch.cjs'))
const keep = (name, { script }) => writeFileSync(join(bundle, `${name}.cache`), script.createCachedData())

keep('worker', launch('worker'))
const main = launch('main')
process.once('exit', (code) => {
  if (code === 0) keep('main', main)
})
