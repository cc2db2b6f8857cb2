import { parentPort, workerData } from 'node:worker_threads'
import { createContext } from '@deltaworks/columnar'
import { movable, work, type Job } from './work.js'

const context = createContext({ module: workerData as WebAssembly.Module })
parentPort!.on('message', (job: Job) => {
  void work(context, job).then((result) => parentPort!.postMessage(result, movable(result)))
})
