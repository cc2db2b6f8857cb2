import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { s3Options } from '../options/storage-configuration.js'

describe('D-88: s3Options', () => {
  it('takes the environment, over it the configuration, over that what it says of the bucket', () => {
    const environment = {
      DELTAWORKS_S3_ENDPOINT: 'http://one:9000',
      DELTAWORKS_S3_PATH_STYLE: 'true',
      DELTAWORKS_S3_MAX_ATTEMPTS: '3',
      DELTAWORKS_S3_ROLE_ARN: 'arn:aws:iam::1:role/r',
      DELTAWORKS_STORAGE: JSON.stringify({
        s3: { maxAttempts: 4, encryption: 'aws:kms', kmsKeyId: 'k' },
        buckets: { lake: { endpoint: 'https://two', requesterPays: true } },
      }),
    }
    expect(s3Options('landing', environment)).toEqual({
      endpoint: 'http://one:9000',
      pathStyle: true,
      maxAttempts: 4,
      roleArn: 'arn:aws:iam::1:role/r',
      encryption: 'aws:kms',
      kmsKeyId: 'k',
    })
    expect(s3Options('lake', environment)).toMatchObject({
      endpoint: 'https://two',
      requesterPays: true,
      maxAttempts: 4,
    })
    expect(s3Options('lake', {})).toEqual({})
    expect(s3Options('lake', { AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_S3: 'http://b' })).toEqual({
      endpoint: 'http://b',
    })
  })

  it('reads the configuration from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'deltaworks-storage-'))
    try {
      const file = join(folder, 'storage.json')
      writeFileSync(file, JSON.stringify({ buckets: { lake: { connections: 7 } } }))
      expect(s3Options('lake', { DELTAWORKS_STORAGE: file })).toEqual({ connections: 7 })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it.each([
    [{ DELTAWORKS_S3_ENDPOINT: 'localhost:9000' }, /DELTAWORKS_S3_ENDPOINT.*http/],
    [{ DELTAWORKS_S3_PATH_STYLE: 'maybe' }, /PATH_STYLE.*neither true nor false/],
    [{ DELTAWORKS_S3_CONNECTIONS: '0' }, /CONNECTIONS.*whole number from 1/],
    [{ DELTAWORKS_S3_PART_BYTES: '1000' }, /whole number from 5242880/],
    [{ DELTAWORKS_S3_ENCRYPTION: 'rot13' }, /AES256/],
    [{ DELTAWORKS_STORAGE: '{"s3":{"endpont":"http://x"}}' }, /unknown option "endpont".*endpoint/],
    [{ DELTAWORKS_STORAGE: '{"s4":{}}' }, /unknown key "s4"/],
    [{ DELTAWORKS_STORAGE: '{"buckets":{"b":[]}}' }, /bucket "b".*object was expected/],
    [{ DELTAWORKS_STORAGE: '/no/such/file.json' }, /\/no\/such\/file.json/],
  ])('refuses %j by name', (environment, message) => {
    expect(() => s3Options('b', environment)).toThrow(
      expect.objectContaining({ code: 'DW-STORAGE-0010', fault: 'usage' }),
    )
    expect(() => s3Options('b', environment)).toThrow(message)
  })
})
