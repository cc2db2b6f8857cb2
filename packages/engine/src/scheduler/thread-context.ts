import { createContext, type ColumnarContext } from '@deltaworks/columnar'
import { SegmentMemory } from '../exchange/segment-memory.js'

let thread: ColumnarContext | undefined

/** The heap and kernels of this worker thread, made with its first task. */
export const threadContext = (kernels: WebAssembly.Module): ColumnarContext =>
  (thread ??= createContext({ module: kernels }))

let segments: SegmentMemory | undefined

/** The memory of this worker thread's segments, made with its first task. @param limitBytes the session's memory budget */
export const threadSegments = (limitBytes: number): SegmentMemory => (segments ??= new SegmentMemory(limitBytes))
