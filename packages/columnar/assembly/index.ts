export * from './csv/index'
export * from './expression/index'
export * from './parquet/index'
export * from './take/index'
