import { describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readHistory } from './history.js'
import { renderHtml } from './html/page.js'
import { renderMarkdown } from './markdown.js'
import { parseReport, renderJson, runReport } from './run-report.js'
import { sampleReport } from './testing.js'

const empty = runReport({
  runId: 'r',
  command: 'run',
  lakehouse: 'x',
  status: 'unchanged',
  startedMs: 0,
  durationMs: 0,
  root: '/lake',
})

describe('a run report', () => {
  it('O-06: as JSON it comes back as it was', () => {
    expect(parseReport(renderJson(sampleReport))).toEqual(sampleReport)
  })
  it.each(['{', '[]', '3', '{"formatVersion":2}', '{"formatVersion":1,"runId":"a"}'])('refuses %s', (text) => {
    expect(() => parseReport(text)).toThrow(expect.objectContaining({ code: 'DW-TELEMETRY-0001' }))
  })
  it('earlier reports are read newest first, and other files left out', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deltaworks-reports-'))
    writeFileSync(join(folder, '1.json'), renderJson({ ...empty, runId: 'one', startedMs: 1 }))
    writeFileSync(join(folder, '2.json'), renderJson({ ...empty, runId: 'two', startedMs: 2 }))
    writeFileSync(join(folder, '3.json'), '{}')
    writeFileSync(join(folder, '4.html'), '')
    expect((await readHistory(folder)).map((report) => report.runId)).toEqual(['two', 'one'])
    expect(await readHistory(join(folder, 'none'))).toEqual([])
    rmSync(folder, { recursive: true })
  })
})

describe('the HTML page', () => {
  const html = renderHtml(sampleReport)
  it('O-06: is one file that asks nobody for anything', () => {
    expect(html).not.toMatch(/<script|<link(?! rel="icon" href="data:,")|@import|url\(|src=|https?:/)
  })
  it('shows every section, and a bar a step', () => {
    for (const id of [
      'warnings',
      'timeline',
      'tables',
      'quality',
      'quarantine',
      'exports',
      'profiles',
      'files',
      'places',
      'facts',
    ]) {
      expect(html).toContain(`<section id="${id}">`)
    }
    expect(html.match(/<rect class="(?!stripe)/g)).toHaveLength(sampleReport.steps.length)
  })
  it('M-021: shows profiles with their medians and histograms, and what is not as in earlier batches', () => {
    const section = html.slice(html.indexOf('<section id="profiles">'))
    expect(section).toContain('compared with 4 earlier runs')
    expect(section).toContain('<li><span class="name">quantity</span>: its mean is 35.1 and was &lt;20&gt;</li>')
    expect(section.match(/<path d="M/g)).toHaveLength(6)
    expect(section).toContain('>35<')
  })
  it('escapes what comes from data', () => {
    expect(html).toContain('amount &lt;zero&gt; &amp; &quot;null&quot;')
    expect(html).not.toContain('<zero>')
  })
  it('is well formed: every element that is opened is closed', () => {
    const open: string[] = []
    for (const [, closing, name, end] of html.matchAll(/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/g)) {
      if (['meta', 'link'].includes(name!) || end === '/') continue
      if (closing === '') open.push(name!)
      else expect(open.pop()).toBe(name)
    }
    expect(open).toEqual([])
  })
  it('of a run in which nothing happened has no empty sections', () => {
    expect(renderHtml(empty)).not.toContain('<section')
  })
  it('takes less than 10 ms, the best of a few: the machine may be busy with other things', () => {
    let soonestMs = Number.POSITIVE_INFINITY
    for (let attempt = 0; attempt < 10 && soonestMs >= 10; attempt++) {
      const began = performance.now()
      renderHtml(sampleReport)
      soonestMs = Math.min(soonestMs, performance.now() - began)
    }
    expect(soonestMs).toBeLessThan(10)
  })
})

describe('Markdown', () => {
  it('holds the same figures', () => {
    const text = renderMarkdown(sampleReport)
    expect(text).toContain('# retail: run succeeded with warnings in 413 ms')
    expect(text).toContain('| transactions | 2,823 | 2,821 | 5 |')
    expect(text).toContain('## Quality: 5 of 6 rules passed')
  })
})
