import type { HistoryFunction, NumberNode } from './syntax.js'

/** What a function takes and gives: `list` of earlier metrics, or a number. */
interface Signature {
  readonly takes: readonly ('list' | 'number')[]
  /** So many of the last arguments may be left out. */
  readonly optional: number
  readonly gives: 'list' | 'number'
}

const ofList: Signature = { takes: ['list'], optional: 0, gives: 'number' }
const ofNumber: Signature = { takes: ['number'], optional: 0, gives: 'number' }

export const historyFunctions: Readonly<Record<HistoryFunction, Signature>> = {
  last: { takes: ['number'], optional: 1, gives: 'list' },
  avg: ofList,
  median: ofList,
  min: ofList,
  max: ofList,
  sum: ofList,
  std: ofList,
  index: { takes: ['list', 'number'], optional: 0, gives: 'number' },
  percentile: { takes: ['list', 'number'], optional: 0, gives: 'number' },
  abs: ofNumber,
  exp: ofNumber,
  sqrt: ofNumber,
  log10: ofNumber,
}

export const isHistoryFunction = (name: string): name is HistoryFunction => Object.hasOwn(historyFunctions, name)

/** Whether the value is a list of metrics; `last()` alone is the one last metric. */
export const givesList = (node: NumberNode): boolean =>
  node.kind === 'call' && node.name === 'last' && node.args.length > 0

export const isDynamic = (node: NumberNode): boolean => {
  switch (node.kind) {
    case 'literal':
      return false
    case 'call':
      return true
    case 'binary':
      return isDynamic(node.left) || isDynamic(node.right)
  }
}

/** @param history earlier metrics, oldest first. Null: there are too few of them. */
export function evaluateNumber(node: NumberNode, history: readonly number[]): number | null {
  switch (node.kind) {
    case 'literal':
      return Number(node.text)
    case 'binary': {
      const [left, right] = [evaluateNumber(node.left, history), evaluateNumber(node.right, history)]
      return left === null || right === null ? null : combine(node.operator, left, right)
    }
    case 'call':
      return callOf(node, history)
  }
}

function combine(operator: '+' | '-' | '*' | '/', left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
  }
}

function callOf(node: NumberNode & { readonly kind: 'call' }, history: readonly number[]): number | null {
  const [first, second] = node.args
  const number = (of: NumberNode | undefined) => (of === undefined ? null : evaluateNumber(of, history))
  switch (node.name) {
    case 'last':
      return history.at(-1) ?? null
    case 'abs':
    case 'exp':
    case 'sqrt':
    case 'log10': {
      const value = number(first)
      return value === null ? null : Math[node.name](value)
    }
    case 'index': {
      // From the newest: index(last(3), 0) is the last run's.
      const place = number(second)
      return place === null ? null : (listOf(first!, history).at(-1 - place) ?? null)
    }
    case 'percentile': {
      const share = number(second)
      return share === null ? null : percentile(listOf(first!, history), share > 1 ? share / 100 : share)
    }
    default:
      return aggregate(node.name, listOf(first!, history))
  }
}

function listOf(node: NumberNode, history: readonly number[]): readonly number[] {
  if (node.kind === 'call' && node.name === 'last') {
    const count = node.args[0] === undefined ? 1 : evaluateNumber(node.args[0], history)
    return count === null || count <= 0 ? [] : history.slice(-count)
  }
  const value = evaluateNumber(node, history)
  return value === null ? [] : [value]
}

function aggregate(name: 'avg' | 'median' | 'min' | 'max' | 'sum' | 'std', values: readonly number[]): number | null {
  if (values.length === 0) return null
  const sum = values.reduce((a, b) => a + b, 0)
  const mean = sum / values.length
  switch (name) {
    case 'avg':
      return mean
    case 'sum':
      return sum
    case 'min':
      return Math.min(...values)
    case 'max':
      return Math.max(...values)
    case 'median':
      return percentile(values, 0.5)
    case 'std':
      return Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length)
  }
}

/** Interpolated between neighbours. */
function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  const place = share * (sorted.length - 1)
  const low = sorted[Math.floor(place)]!
  return low + (sorted[Math.ceil(place)]! - low) * (place - Math.floor(place))
}

export function formatNumber(node: NumberNode): string {
  switch (node.kind) {
    case 'literal':
      return node.text
    case 'call':
      return `${node.name}(${node.args.map(formatNumber).join(', ')})`
    case 'binary':
      return `(${formatNumber(node.left)} ${node.operator} ${formatNumber(node.right)})`
  }
}
