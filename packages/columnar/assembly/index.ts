export * from './csv/index'
export * from './parquet/index'
