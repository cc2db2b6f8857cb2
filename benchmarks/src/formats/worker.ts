import { parentPort, workerData } from 'node:worker_threads'
import { createContext } from '@deltaworks/columnar'
import { FooterCache } from '@deltaworks/formats'
import { movable, work, type Job } from './work.js'

const context = createContext({ module: workerData as WebAssembly.Module })
let round = -1
let footers = new FooterCache()

parentPort!.on('message', (message: { readonly job: Job; readonly round: number }) => {
  if (message.round !== round) footers = new FooterCache()
  round = message.round
  void work(context, message.job, footers).then((result) => parentPort!.postMessage(result, movable(result)))
})
