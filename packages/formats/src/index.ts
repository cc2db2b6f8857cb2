export { fileScan, scanMetrics } from './file-scan.js'
export type { FileScan, ScanMetrics, VirtualColumn } from './file-scan.js'
