import { createContext, type ColumnarContext } from '@deltaworks/columnar'

let thread: ColumnarContext | undefined

/** The heap and kernels of this worker thread, made with its first task. */
export const threadContext = (kernels: WebAssembly.Module): ColumnarContext =>
  (thread ??= createContext({ module: kernels }))
