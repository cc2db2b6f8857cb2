/** In parquet-mr's form ("application version X (build Y)"), which readers parse. */
export const createdBy = 'deltaworks version 0.1.0 (build 0)'
