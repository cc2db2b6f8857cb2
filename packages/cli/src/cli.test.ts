import { jest } from '@jest/globals'
import { DeltaworksError } from '@deltaworks/schema'
import { Command } from 'commander'
import { invalidOption } from './errors.js'
import { exitCodeOf, reportError } from './exit-code.js'
import { loadLakehouse } from './load-lakehouse.js'
import { parseTimestampMs } from './open-session.js'
import { createProgram, parseBytes, parseCount, runProgram, withCommonOptions } from './program.js'
import { textTable } from './text-table.js'

describe('options', () => {
  it.each([
    ['1', 1],
    ['512MiB', 512 * 1024 ** 2],
    ['2g', 2 * 1024 ** 3],
    ['1.5GiB', 1.5 * 1024 ** 3],
    ['10 kB', 10_000],
    ['1GB', 1_000_000_000],
  ])('O-02: %s is a size of memory', (text, bytes) => {
    expect(parseBytes('--memory')(text)).toBe(bytes)
  })
  it.each(['', 'lots', '-1', '1TBB', '1,5GiB', 'NaN', '1e9'])('O-03: "%s" is no size of memory', (text) => {
    expect(() => parseBytes('--memory')(text)).toThrow(/--memory .* is not valid: give a size such as/)
  })
  it.each(['0', '-1', '1.5', 'x', '', '1e3'])('O-03: "%s" is no count', (text) => {
    expect(() => parseCount('--threads')(text)).toThrow(/--threads .* is not valid/)
  })
  it('O-02: counts and timestamps are parsed', () => {
    expect(parseCount('--threads')('12')).toBe(12)
    expect(parseTimestampMs('2026-01-01T00:00:00Z')).toBe(1_767_225_600_000)
    expect(parseTimestampMs('2026-01-01T02:00:00+02:00')).toBe(1_767_225_600_000)
    expect(() => parseTimestampMs('yesterday')).toThrow(/give a timestamp/)
  })
  it('O-04: a lakehouse is found by name, and refused with what is wrong', async () => {
    expect((await loadLakehouse({ lakehouse: 'retail', env: 'dev' })).lakehouse.name).toBe('retail')
    await expect(loadLakehouse({ lakehouse: 'retial', env: 'dev' })).rejects.toMatchObject({
      code: 'DW-LAKEHOUSE-0009',
      fault: 'usage',
    })
    await expect(loadLakehouse({ lakehouse: 'retail', env: 'moon' })).rejects.toThrow(/dev/)
  })
})

describe('exit codes', () => {
  it.each([
    ['usage', 2],
    ['data', 1],
    ['resources', 1],
    ['unsupported', 1],
    ['storage', 1],
    ['internal', 1],
    ['conflict', 4],
    ['cancelled', 130],
  ] as const)('O-03: a fault of kind %s ends the process with %i', (fault, code) => {
    expect(exitCodeOf(fault)).toBe(code)
  })

  describe('errors on stderr', () => {
    let written: string
    beforeEach(() => {
      written = ''
      jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
        written += String(text)
        return true
      })
    })
    afterEach(() => jest.restoreAllMocks())

    it('O-03: are one sentence with a code, without a stack', () => {
      expect(reportError(invalidOption('--x', '1', 'give 2'), { json: false, debug: false })).toBe(2)
      expect(written).toBe('DW-CLI-0001: --x 1 is not valid: give 2.\n')
    })
    it('O-03: are one JSON document with --json', () => {
      class Refused extends DeltaworksError {}
      const error = new Refused('DW-TEST-0001', 'storage', 'No.', { bytes: 12n })
      expect(reportError(error, { json: true, debug: false })).toBe(1)
      expect(JSON.parse(written)).toEqual({
        error: { code: 'DW-TEST-0001', fault: 'storage', message: 'No.', details: { bytes: '12' } },
      })
    })
    it('O-03: of an unknown kind keep their stack to themselves, but with --debug', () => {
      expect(reportError(new RangeError('boom'), { json: false, debug: false })).toBe(1)
      expect(written).toMatch(/^DW-[A-Z]+-\d{4}: .*boom.*\n$/)
      written = ''
      reportError(new RangeError('boom'), { json: true, debug: false })
      expect(written).not.toMatch(/ at /)
      written = ''
      reportError(new RangeError('boom'), { json: false, debug: true })
      expect(written).toMatch(/\n\s+at /)
    })
  })
})

describe('a program', () => {
  const run = async (...args: readonly string[]) => {
    const seen: unknown[] = []
    const program = createProgram('deltaworks-test', 'For tests.')
    program.addCommand(
      withCommonOptions(new Command('show'))
        .option('--version <n>')
        .action((options: unknown) => void seen.push(options)),
    )
    let stderr = ''
    const spy = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      stderr += String(text)
      return true
    })
    const former = process.exitCode
    try {
      await runProgram(program, new AbortController(), ['node', 'test', ...args])
      return { seen, stderr, code: process.exitCode ?? 0 }
    } finally {
      process.exitCode = former
      spy.mockRestore()
    }
  }

  it('O-02: has the common options with their defaults', async () => {
    const { seen } = await run('show', '--json', '--memory', '1MiB', '--version', '3')
    expect(seen).toMatchObject([
      { lakehouse: 'retail', env: 'dev', root: 'lake', json: true, quiet: false, memory: 1024 ** 2, version: '3' },
    ])
  })
  it.each([
    [['shwo']],
    [['show', '--josn']],
    [['show', '--memory']],
    [['show', '--threads', '0']],
    [['show', 'too', 'much']],
  ])('O-03: %j is refused with 2 and a sentence', async (args) => {
    const { seen, stderr, code } = await run(...args)
    expect(seen).toEqual([])
    expect(stderr).toMatch(/^DW-CLI-000\d: .+\n$/)
    expect(code).toBe(2)
  })
})

describe('a text table', () => {
  it('O-01: aligns text left and numbers right, and does not end lines in blanks', () => {
    expect(
      textTable(
        ['name', 'n'],
        [
          ['a', '1'],
          ['long name', '1000'],
        ],
        [false, true],
      ),
    ).toBe(['name          n', '─────────  ────', 'a             1', 'long name  1000'].join('\n'))
  })
  it('O-01: counts wide characters as two and marks as none', () => {
    const lines = textTable(
      ['k', 'v'],
      [
        ['東京', 'x'],
        ['e\u0301', 'y'],
      ],
    ).split('\n')
    expect(lines.slice(2)).toEqual(['東京  x', 'e\u0301     y'])
  })
  it('O-01: shows a table without rows', () => {
    expect(textTable(['a'], [])).toBe('a\n─')
  })
})
