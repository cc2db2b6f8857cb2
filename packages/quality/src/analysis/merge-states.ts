import { statesDoNotMerge } from '../errors.js'
import { mergeRegisters } from './hyper-log-log.js'
import { mergeSketches } from './kll-sketch.js'
import type { CorrelationState, FrequenciesState, MomentsState, State } from './state.js'

/** The state of the rows of both. @throws QualityError DW-QUALITY-0009 if they are of different kinds, or do not add up */
export function mergeStates(a: State, b: State): State {
  switch (a.kind) {
    case 'count':
      if (b.kind === a.kind) return { kind: 'count', count: a.count + b.count }
      break
    case 'matches':
      if (b.kind === a.kind) return { kind: 'matches', matches: a.matches + b.matches, count: a.count + b.count }
      break
    case 'minimum':
      if (b.kind === a.kind) return { kind: 'minimum', value: Math.min(a.value, b.value) }
      break
    case 'maximum':
      if (b.kind === a.kind) return { kind: 'maximum', value: Math.max(a.value, b.value) }
      break
    case 'range':
      if (b.kind === a.kind) {
        return {
          kind: 'range',
          minimum: Math.min(a.minimum, b.minimum),
          maximum: Math.max(a.maximum, b.maximum),
        }
      }
      break
    case 'sum':
      if (b.kind === a.kind) return { kind: 'sum', sum: a.sum + b.sum }
      break
    case 'mean':
      if (b.kind === a.kind) return { kind: 'mean', sum: a.sum + b.sum, count: a.count + b.count }
      break
    case 'moments':
      if (b.kind === a.kind) return mergeMoments(a, b)
      break
    case 'correlation':
      if (b.kind === a.kind) return mergeCorrelations(a, b)
      break
    case 'ratio_of_sums':
      if (b.kind === a.kind) {
        return {
          kind: 'ratio_of_sums',
          numerator: a.numerator + b.numerator,
          denominator: a.denominator + b.denominator,
        }
      }
      break
    case 'data_types':
      if (b.kind === a.kind) {
        return {
          kind: 'data_types',
          unknown: a.unknown + b.unknown,
          fractional: a.fractional + b.fractional,
          integral: a.integral + b.integral,
          boolean: a.boolean + b.boolean,
          string: a.string + b.string,
        }
      }
      break
    case 'distinct':
      if (b.kind === a.kind) return { kind: 'distinct', registers: mergeRegisters(a.registers, b.registers) }
      break
    case 'sketch':
      if (b.kind === a.kind) return { kind: 'sketch', sketch: mergeSketches(a.sketch, b.sketch) }
      break
    case 'frequencies':
      if (b.kind === a.kind) return mergeFrequencies(a, b)
      break
    case 'frequency_summary':
    case 'final':
      break
  }
  throw statesDoNotMerge(a.kind, b.kind)
}

/** Chan, Golub and LeVeque's pairwise update, to the fourth moment (Pébay 2008). */
function mergeMoments(a: MomentsState, b: MomentsState): MomentsState {
  const n = a.n + b.n
  if (n === 0) return a
  const delta = b.mean - a.mean
  const step = delta / n
  const product = a.n * b.n
  return {
    kind: 'moments',
    n,
    mean: a.mean + step * b.n,
    m2: a.m2 + b.m2 + delta * step * product,
    m3: a.m3 + b.m3 + delta * step * step * product * (a.n - b.n) + 3 * step * (a.n * b.m2 - b.n * a.m2),
    m4:
      a.m4 +
      b.m4 +
      delta * step ** 3 * product * (a.n * a.n - product + b.n * b.n) +
      6 * step * step * (a.n * a.n * b.m2 + b.n * b.n * a.m2) +
      4 * step * (a.n * b.m3 - b.n * a.m3),
  }
}

function mergeCorrelations(a: CorrelationState, b: CorrelationState): CorrelationState {
  const n = a.n + b.n
  if (n === 0) return a
  const dx = b.xMean - a.xMean
  const dy = b.yMean - a.yMean
  const weight = (a.n * b.n) / n
  return {
    kind: 'correlation',
    n,
    xMean: a.xMean + (dx * b.n) / n,
    yMean: a.yMean + (dy * b.n) / n,
    xy: a.xy + b.xy + dx * dy * weight,
    xx: a.xx + b.xx + dx * dx * weight,
    yy: a.yy + b.yy + dy * dy * weight,
  }
}

function mergeFrequencies(a: FrequenciesState, b: FrequenciesState): FrequenciesState {
  const counts = new Map(a.counts)
  for (const [key, count] of b.counts) counts.set(key, (counts.get(key) ?? 0) + count)
  return { kind: 'frequencies', rows: a.rows + b.rows, counts: [...counts] }
}
