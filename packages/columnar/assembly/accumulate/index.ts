export * from './extremes'
export * from './numbers'
export * from './registers'
export { accumulateChosen } from './rows'
