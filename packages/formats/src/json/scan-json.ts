import type { ColumnarContext, MemoryAccount, RecordBatch } from '@deltaworks/columnar'
import type { FileScan, ScanMetrics } from '../file-scan.js'
export async function* scanJson(_c: ColumnarContext, _a: MemoryAccount, _s: FileScan, _o: unknown, _m?: ScanMetrics): AsyncGenerator<RecordBatch> {}
