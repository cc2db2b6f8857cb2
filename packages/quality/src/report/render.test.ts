import { describe, expect, it } from '@jest/globals'
import { isComplete } from '../rules/completeness.js'
import type { QualityReport, RuleReport } from './quality-report.js'
import { rulesetHash } from './quality-report.js'
import { renderReport } from './render.js'
import { sparkline, sparklineSvg } from './sparkline.js'

const rule = (of: Partial<RuleReport>): RuleReport => ({
  rule: 'complete:id',
  description: 'id is never missing',
  level: 'critical',
  action: 'none',
  status: 'passed',
  metric: 1,
  threshold: '>= 1',
  rowsFailed: 0,
  message: 'id is never missing: no value is missing',
  trend: [0.9, 1, 1],
  sample: [],
  ...of,
})
const report: QualityReport = {
  title: 'Quality of <shop>',
  createdAt: '2026-01-01T00:00:00.000Z',
  runId: 'r1',
  tables: [
    {
      table: 'orders',
      version: 3,
      rowCount: 10,
      split: { good: 8, quarantined: 2, dropped: 0 },
      rulesetHash: 'abc',
      score: 0.25,
      status: 'failed',
      rules: [
        rule({ labels: { team: 'retail' } }),
        rule({
          rule: 'unique:id',
          status: 'failed',
          metric: 0.812345678,
          message: 'a | b & "c"',
          labels: { team: 'retail' },
          sample: [
            { id: '1', email: '•••' },
            { id: '<2>', email: null },
          ],
        }),
        rule({ rule: 'mean:x', status: 'failed', level: 'warning' }),
        rule({ rule: 'gone', status: 'error', metric: null, trend: [] }),
      ],
    },
  ],
}

describe('reports', () => {
  it('Markdown: a row a rule, with its trend', () => {
    const lines = renderReport(report, 'markdown').split('\n')
    expect(lines[0]).toBe('# Quality of <shop>')
    expect(lines).toContain('failed: score 25 % of 10 rows, version 3; 8 good, 2 quarantined, 0 dropped')
    expect(lines).toContain('| passed | complete:id | 1 | >= 1 | ▁██ | id is never missing: no value is missing |')
    expect(lines).toContain('| FAILED | unique:id | 0.812346 | >= 1 | ▁██ | a \\| b & "c" |')
    expect(lines).toContain('- team=retail: 1 of 2')
  })

  it('JUnit: critical failures are failures, warnings are told', () => {
    const xml = renderReport(report, 'junit')
    expect(xml).toContain('<testsuite name="orders" tests="4" failures="1" errors="1"')
    expect(xml).toContain('<failure message="a | b &#38; &#34;c&#34;">wanted &#62;= 1, found 0.812346</failure>')
    expect(xml).toContain('<system-out>warning:')
    expect(xml.match(/<testcase /g)!.length).toBe(4)
    expect(xml).toContain('name="Quality of &#60;shop&#62;"')
  })

  it('Q-63: HTML has a picture a metric, and rows that fail, escaped', () => {
    const html = renderReport(report, 'html')
    expect(html).toContain('<title>Quality of &#60;shop&#62;</title>')
    expect(html.match(/<svg /g)!.length).toBe(3)
    expect(html).toContain('<td>&#60;2&#62;</td><td></td>')
    expect(html).not.toContain('<2>')
  })

  it('JSON keeps everything', () => {
    const json = JSON.parse(renderReport(report, 'json')) as { status: string; labels: object; tables: unknown }
    expect(json).toMatchObject({ status: 'failed', labels: { 'team=retail': { passed: 1, total: 2 } } })
    expect(json.tables).toEqual(report.tables)
  })

  it('sparklines show the last values between least and greatest', () => {
    expect(sparkline([])).toBe('')
    expect(sparkline([5, 5])).toBe('▄▄')
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█')
    expect(sparkline([...Array.from({ length: 20 }, () => 9), 1, 2], 2)).toBe('▁█')
    expect(sparklineSvg([1])).toContain('points="48.0,10.0"')
    expect(sparklineSvg([])).toBe('')
  })

  it('Q-64: equal rule sets have one hash, others another', () => {
    expect(rulesetHash([isComplete('a')])).toBe(rulesetHash([isComplete('a').describe('said otherwise')]))
    expect(rulesetHash([isComplete('a')])).not.toBe(rulesetHash([isComplete('a').critical()]))
  })
})
