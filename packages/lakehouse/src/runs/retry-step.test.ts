import { DeltaworksError } from '@deltaworks/schema'
import { errorOf } from '../testing/test-lake.js'
import { defaultRetryPolicy, retryStep } from './retry-step.js'
import { runInOrder } from './run-in-order.js'

class TestError extends DeltaworksError {}
const storage = () => new TestError('DW-TEST-0001', 'storage', 'The store does not answer.', {})
const usage = () => new TestError('DW-TEST-0002', 'usage', 'That is wrong.', {})

describe('a step', () => {
  const policy = { ...defaultRetryPolicy, attempts: 3, backoffMs: 1 }

  it('M-084: is tried again after what may pass, as often as its policy says', async () => {
    let tries = 0
    const failing = (failures: number, error: () => Error) => () =>
      retryStep('s', policy, undefined, (_, attempt) => {
        tries = attempt
        return attempt <= failures ? Promise.reject(error()) : Promise.resolve(attempt)
      })
    expect(await failing(2, storage)()).toBe(3)
    expect(await errorOf(failing(3, storage))).toMatchObject({ code: 'DW-TEST-0001' })
    expect(tries).toBe(3)
    expect(await errorOf(failing(1, usage))).toMatchObject({ code: 'DW-TEST-0002' })
    expect(tries).toBe(1)
  })

  it('M-084: that takes too long is ended, and tried again', async () => {
    const slow = (signal: AbortSignal | undefined, attempt: number): Promise<number> =>
      attempt === 2
        ? Promise.resolve(2)
        : new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('ended'))))
    expect(await retryStep('s', { ...policy, timeoutMs: 20 }, undefined, slow)).toBe(2)
    const error = await errorOf(() => retryStep('s', { ...policy, attempts: 1, timeoutMs: 20 }, undefined, slow))
    expect(error).toMatchObject({ code: 'DW-LAKEHOUSE-0040', message: expect.stringContaining('0.02 s') })
  })

  it('O-22: is not tried again when the run is to stop', async () => {
    const stop = new AbortController()
    const trying = retryStep('s', { ...policy, backoffMs: 60_000 }, stop.signal, () => {
      setTimeout(() => stop.abort(), 10)
      return Promise.reject(storage())
    })
    const begun = performance.now()
    await errorOf(() => trying)
    expect(performance.now() - begun).toBeLessThan(30_000)
  })
})

describe('steps in order', () => {
  it('O-22: each is behind those it depends on, as many at once as allowed, none after an error', async () => {
    const inputs: Readonly<Record<string, readonly string[]>> = { a: [], b: ['a'], c: ['a'], d: ['b', 'c'], e: [] }
    for (const limit of [1, 2, 9]) {
      const done: string[] = []
      let running = 0
      let most = 0
      await runInOrder(
        Object.keys(inputs),
        (n) => inputs[n]!,
        limit,
        async (n) => {
          most = Math.max(most, ++running)
          expect(inputs[n]!.every((input) => done.includes(input))).toBe(true)
          await new Promise((resolve) => setImmediate(resolve))
          running--
          done.push(n)
        },
      )
      expect([...done].sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
      expect(most).toBeLessThanOrEqual(limit)
    }
    const begun: string[] = []
    const failing = runInOrder(
      Object.keys(inputs),
      (n) => inputs[n]!,
      1,
      (n) => {
        begun.push(n)
        return n === 'b' ? Promise.reject(storage()) : Promise.resolve()
      },
    )
    expect(await errorOf(() => failing)).toMatchObject({ code: 'DW-TEST-0001' })
    expect(begun).not.toContain('d')
  })
})
