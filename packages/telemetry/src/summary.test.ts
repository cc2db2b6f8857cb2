import { describe, expect, it } from '@jest/globals'
import { formatBytes, formatDuration, formatShare } from './figures.js'
import { sampleReport } from './testing.js'
import { renderSummary } from './summary.js'

describe('the terminal summary', () => {
  const text = renderSummary(sampleReport, { colour: false, width: 100 })

  it('O-05: has no control codes without colour, and keeps within the width', () => {
    expect(text).not.toMatch(/\u001b/)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })
  it('colour adds nothing but colour', () => {
    const stripped = renderSummary(sampleReport, { colour: true, width: 100 }).replace(/\u001b\[\d+m/g, '')
    expect(stripped).toBe(text)
  })
  it('says how it went, rows in and out, what the rules said, what was quarantined, where things are', () => {
    expect(text).toContain('! Succeeded with warnings in 413 ms')
    expect(text).toMatch(/transactions +2,823 +2,821 +5 /)
    expect(text).toContain('5 of 6 rules passed')
    expect(text).toContain('! transactions: contact is found in customers')
    expect(text).toContain('Quarantine  19 rows')
    expect(text).toContain('/srv/lake/reports/20261123T215813-4f2a.html')
  })
  it('fits a narrow terminal', () => {
    const narrow = renderSummary({ ...sampleReport, places: [] }, { colour: false, width: 40 })
    for (const line of narrow.split('\n')) expect(line.length).toBeLessThanOrEqual(82)
  })
})

describe('figures', () => {
  it.each([
    [0, '0 ms'],
    [0.42, '420 µs'],
    [9.96, '10 ms'],
    [412.7, '413 ms'],
    [999.7, '1.00 s'],
    [59_994, '59.99 s'],
    [185_000, '3 min 05 s'],
    [7_380_000, '2 h 03 min'],
  ])('%d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text))
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_440_000, '1.4 MB'],
    [1_600_000_000, '1.6 GB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))
  it.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.99999, '99.99 %'],
    [0.00001, '0.01 %'],
    [0.9742, '97.4 %'],
  ])('a share of %d is %s', (share, text) => expect(formatShare(share)).toBe(text))
})
