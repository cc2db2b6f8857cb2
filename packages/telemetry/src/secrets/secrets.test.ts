import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awsAnswer } from '../testing/aws-answers.js'
import { HttpReceiver } from '../testing/http-receiver.js'
import { resolveSecret } from './resolve-secret.js'
import { maskPersons, SecretMask } from './secret-mask.js'

describe('secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-secrets-'))
  let aws: HttpReceiver
  beforeAll(async () => {
    aws = await HttpReceiver.start(
      awsAnswer({ 'prod/mail': '{"password":"from-manager"}', '/prod/token': 'from-parameter' }),
    )
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'y',
      AWS_REGION: 'us-east-1',
      TEST_SECRET: 'from-variable',
    })
    writeFileSync(join(folder, 'secret'), 'from-file\n')
  })
  afterAll(async () => {
    await aws.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('O-04 O-13: they are fetched from where they are referred to, and masked from then on', async () => {
    const mask = new SecretMask()
    const endpoint = aws.url
    expect(await resolveSecret({ variable: 'TEST_SECRET' }, mask)).toBe('from-variable')
    expect(await resolveSecret({ file: join(folder, 'secret') }, mask)).toBe('from-file')
    expect(await resolveSecret({ secretsManager: 'prod/mail', key: 'password', endpoint }, mask)).toBe('from-manager')
    expect(await resolveSecret({ parameter: '/prod/token', endpoint }, mask)).toBe('from-parameter')
    const text = mask.mask(
      `a from-variable b from-file c ${Buffer.from('from-manager').toString('base64')} d from-parameter`,
    )
    expect(text).not.toMatch(/from-|ZnJvb/)
    expect(mask.maskData({ a: [{ b: 'x from-file' }], n: 1 })).toEqual({ a: [{ b: 'x ••••' }], n: 1 })
  })

  it('O-04: one that is not there is told by its place', async () => {
    const mask = new SecretMask()
    const endpoint = aws.url
    await expect(resolveSecret({ variable: 'TEST_NOT_THERE' }, mask)).rejects.toThrow(
      /environment variable TEST_NOT_THERE.*not set/,
    )
    await expect(resolveSecret({ file: join(folder, 'none') }, mask)).rejects.toThrow(/ENOENT/)
    await expect(resolveSecret({ secretsManager: 'other', endpoint }, mask)).rejects.toThrow(
      /ResourceNotFoundException/,
    )
    await expect(resolveSecret({ parameter: 'other', endpoint }, mask)).rejects.toThrow(/ParameterNotFound/)
    process.env['TEST_SHORT'] = 'abc'
    await expect(resolveSecret({ variable: 'TEST_SHORT' }, mask)).rejects.toMatchObject({ code: 'DW-TELEMETRY-0003' })
  })

  it('O-13: addresses and numbers of people are masked, times and versions are not', () => {
    const text =
      'jane@x.example called +44 20 7946 0958 at 2026-01-31T06:00:00Z about 1,234 rows of version 12, run 20260131T060000000Z'
    expect(maskPersons(text)).toBe(
      'j•••@••• called ••• at 2026-01-31T06:00:00Z about 1,234 rows of version 12, run 20260131T060000000Z',
    )
  })
})
