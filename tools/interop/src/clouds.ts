import { checkServers } from './check-servers.js'
import { cloudServers } from './cloud-servers.js'

/*
 * node tools/interop/dist/clouds.js [--only SERVER] [--scale 0.2]
 *
 * The stores and the whole pipeline on emulators of Azure Blob Storage and Google Cloud Storage that others wrote: Azurite (npm) and
 * fake-gcs-server (Go) must serve; servers of ours that ignore conditions must be refused.
 */

process.exitCode = await checkServers(cloudServers, process.argv.slice(2))
