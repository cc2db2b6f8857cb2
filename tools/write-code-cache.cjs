// Runs a bundled app and keeps V8's code cache of what ran. usage: node write-code-cache.cjs <bundle folder> [the app's arguments]
const { writeFileSync } = require('node:fs')
const { join } = require('node:path')

const [bundle] = process.argv.splice(2, 1)
process.once('exit', (code) => {
  if (code === 0) writeFileSync(join(bundle, 'main.cache'), script.createCachedData())
})
const script = require(join(bundle, 'launch.cjs'))
