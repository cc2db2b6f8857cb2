import type { RunResult, StepResult } from '../run-result.js'
import type { StepHistory } from '../runs/step-history.js'
import type { AlertMeasure, AlertRule } from './alert-rule.js'
import { verdict, type AlertVerdict } from './alert-verdict.js'

/** A time in which the machine was near a limit: what the resource monitor saw. */
export interface ResourcePressure {
  readonly resource: string
  /** Of its limit, at its highest. */
  readonly share: number
  readonly used: string
  readonly limit: string
}

/** What has ended: a run, another app's work, or nothing (only what needs no run is looked at). */
export type AlertTask = 'run' | 'maintenance' | 'export' | 'check'

/** What rules look at when a run has ended. */
export interface AlertFacts {
  readonly task: AlertTask
  /** Null: it ended with an error before it had a result, or did nothing, or is no run. */
  readonly result: RunResult | null
  readonly error: { readonly code: string; readonly message: string } | null
  /** A former run that did not end by itself. */
  readonly unfinished: string | null
  readonly history: StepHistory
  readonly pressures: readonly ResourcePressure[]
  /** When rows of a table last changed, by its name; null: it is not there. */
  readonly changedMs: ReadonlyMap<string, number | null>
  readonly nowMs: number
}

/** What the rules say; a rule says nothing of what this run did not look at. */
export const judgeAlerts = (rules: readonly AlertRule[], facts: AlertFacts): readonly AlertVerdict[] =>
  rules.flatMap((rule) => judge(rule, facts))

function judge(rule: AlertRule, facts: AlertFacts): readonly AlertVerdict[] {
  switch (rule.kind) {
    case 'failure':
      return failures(rule, facts)
    case 'quality':
      return (facts.result?.quality ?? [])
        .filter(({ level }) => level === rule.level)
        .map((result) =>
          verdict(rule, `${result.table}:${result.rule}`, {
            firing: result.status !== 'passed',
            title: `${result.table}: ${result.rule} ${result.status === 'passed' ? 'passes' : result.status === 'error' ? 'could not be judged' : 'failed'}`,
            detail: result.message,
          }),
        )
    case 'threshold':
      return threshold(rule, facts)
    case 'anomaly':
      return anomaly(rule, facts)
    case 'slow':
      return (facts.result?.steps ?? []).flatMap((step) => slow(rule, step, facts.history))
    case 'resources':
      return resources(rule, facts)
    case 'freshness':
      return freshness(rule, facts)
  }
}

type Rule<Kind extends AlertRule['kind']> = Extract<AlertRule, { kind: Kind }>

function failures(rule: Rule<'failure'>, facts: AlertFacts): readonly AlertVerdict[] {
  const { task, result, error, unfinished } = facts
  if (isIdle(facts)) return []
  const run = verdict(rule, task, {
    firing: error !== null,
    title: error === null ? `The ${task} ended` : `The ${task} failed: ${error.code}`,
    detail: error?.message ?? '',
  })
  if (task !== 'run') return [run]
  const lost = verdict(rule, 'unfinished', {
    firing: unfinished !== null,
    title: unfinished === null ? 'Every run ended' : `Run ${unfinished} did not end`,
    detail: unfinished === null ? '' : 'Its process or its machine went down. Go on with it: deltaworks-batch resume',
  })
  const steps = (result?.steps ?? [])
    .filter(({ status, kind }) => status !== 'skipped' && (kind === 'build' || kind === 'ingest'))
    .map((step) => {
      const failure = result!.failures.find((f) => f.step === step.step)
      return verdict(rule, step.step, {
        firing: failure !== undefined,
        title: failure === undefined ? `${step.step}: done` : `${step.step} failed: ${failure.code}`,
        detail: failure?.message ?? '',
      })
    })
  return [run, lost, ...steps]
}

/** Nothing was done that could have failed. */
const isIdle = ({ task, result, error }: AlertFacts): boolean =>
  task === 'check' || (task === 'run' && result === null && error === null)

function threshold(rule: Rule<'threshold'>, { result }: AlertFacts): readonly AlertVerdict[] {
  if (result === null) return []
  const value =
    rule.table === null ? measureOf(rule.measure, result.steps, result) : tableMeasure(rule.measure, rule.table, result)
  if (value === null) return []
  const { above, below } = rule
  const high = above !== null && value > above
  const low = below !== null && value < below
  const bound = high ? `more than ${figure(above)}` : low ? `less than ${figure(below)}` : 'within its bounds'
  return [
    verdict(rule, '', {
      firing: high || low,
      title: `${rule.table ?? 'Run'}: ${measureNames[rule.measure]} ${figure(value)}, ${bound}`,
    }),
  ]
}

function anomaly(rule: Rule<'anomaly'>, { result, history }: AlertFacts): readonly AlertVerdict[] {
  const step = result?.steps.find((s) => s.table === rule.table && s.status === 'written' && s.kind !== 'quarantine')
  if (step === undefined) return []
  const known = history.get(step.step)
  if (known === undefined || known.runs < rule.minimumRuns) return []
  const { mean, deviation } = known[rule.measure]
  const value = step[rule.measure]
  // Runs that were all the same leave no room for chance: a hundredth of the mean is none either.
  const width = rule.deviations * Math.max(deviation, mean / 100)
  return [
    verdict(rule, '', {
      firing: Math.abs(value - mean) > width,
      title: `${rule.table}: ${measureNames[rule.measure]} ${figure(value)}, usually ${figure(Math.round(mean))}`,
      detail: `Over ${known.runs} runs it was between ${figure(Math.max(0, Math.round(mean - width)))} and ${figure(Math.round(mean + width))}.`,
    }),
  ]
}

function slow(rule: Rule<'slow'>, step: StepResult, history: StepHistory): readonly AlertVerdict[] {
  if (step.status !== 'written' && step.status !== 'checked') return []
  const known = history.get(step.step)
  if (known === undefined || known.runs < rule.minimumRuns) return []
  const tookMs = step.endMs - step.startMs
  const { mean, deviation } = known.durationMs
  const limit = Math.max(mean + rule.deviations * deviation, mean * rule.factor, rule.leastMs)
  return [
    verdict(rule, step.step, {
      firing: tookMs > limit,
      title: `${step.step} took ${seconds(tookMs)}, usually ${seconds(mean)}`,
      detail: `${step.rowsIn.toLocaleString('en-US')} rows in; ${known.runs} earlier runs.`,
    }),
  ]
}

/** Resources that were not near their limit have recovered. */
const resourceNames = ['memory', 'pool', 'disk', 'spill', 'cpu']

const resources = (rule: Rule<'resources'>, facts: AlertFacts): readonly AlertVerdict[] =>
  isIdle(facts)
    ? []
    : resourceNames.map((resource) => {
        const pressure = facts.pressures.find((p) => p.resource === resource)
        return verdict(rule, resource, {
          firing: pressure !== undefined,
          title:
            pressure === undefined
              ? `${resource}: enough`
              : `${resource}: ${Math.round(pressure.share * 100)} % used (${pressure.used} of ${pressure.limit})`,
        })
      })

function freshness(rule: Rule<'freshness'>, { changedMs, nowMs }: AlertFacts): readonly AlertVerdict[] {
  const changed = changedMs.get(rule.table)
  if (changed === undefined) return []
  const age = changed === null ? null : nowMs - changed
  return [
    verdict(rule, '', {
      firing: age === null || age > rule.withinMs,
      title:
        age === null
          ? `${rule.table} is not there`
          : `${rule.table} last changed ${hours(age)} ago, ${hours(rule.withinMs)} are agreed`,
    }),
  ]
}

function tableMeasure(measure: AlertMeasure, table: string, result: RunResult): number | null {
  const steps = result.steps.filter((step) => step.table === table && step.kind !== 'quarantine')
  return steps.some(({ status }) => status === 'written' || status === 'checked')
    ? measureOf(measure, steps, null)
    : null
}

/** @param result null: of the steps alone */
function measureOf(measure: AlertMeasure, steps: readonly StepResult[], result: RunResult | null): number {
  const sum = (of: (step: StepResult) => number): number => steps.reduce((all, step) => all + of(step), 0)
  const rowsIn = (): number => sum((step) => (result === null || step.kind === 'ingest' ? step.rowsIn : 0))
  const quarantined = (): number => result?.quarantined ?? sum((step) => step.rowsQuarantined)
  switch (measure) {
    case 'durationMs':
      return result?.durationMs ?? sum((step) => step.endMs - step.startMs)
    case 'rowsIn':
      return rowsIn()
    case 'rowsOut':
      return sum((step) => (step.kind === 'quarantine' ? 0 : step.rowsOut))
    case 'rowsQuarantined':
      return quarantined()
    case 'quarantinedShare':
      return rowsIn() === 0 ? 0 : quarantined() / rowsIn()
    case 'spilledBytes':
    case 'temporaryBytes':
    case 'memoryBytes':
      return result?.usage[measure] ?? 0
  }
}

const measureNames: Readonly<Record<AlertMeasure, string>> = {
  durationMs: 'milliseconds',
  rowsIn: 'rows read',
  rowsOut: 'rows written',
  rowsQuarantined: 'rows in quarantine',
  quarantinedShare: 'share in quarantine',
  spilledBytes: 'bytes spilled to disk',
  temporaryBytes: 'bytes of temporary disk',
  memoryBytes: 'bytes of memory',
}
const figure = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 4 })
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const hours = (ms: number): string => `${(ms / 3_600_000).toFixed(1)} h`
