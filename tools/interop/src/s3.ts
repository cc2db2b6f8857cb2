import { checkServers } from './check-servers.js'
import { s3Servers } from './s3-servers.js'

/*
 * node tools/interop/dist/s3.js [--only SERVER] [--scale 0.2]
 *
 * The store and the whole pipeline on S3 servers that others wrote: versitygw (Go) and moto (Python) must serve, s3rver (npm),
 * which ignores If-None-Match, must be refused. Our own s3-local goes the same way.
 */

process.exitCode = await checkServers(s3Servers, process.argv.slice(2))
