import { createHash } from 'node:crypto'
import type { Credentials } from './signature.js'
import { S3Error } from './s3-error.js'
import type { S3Response } from './request.js'
import { xmlDocument } from './xml.js'

const hoursMs = 3_600_000

/** STS AssumeRole, so that a client's assumed role can be tested: temporary credentials that requests must then carry. */
export function assumeRole(
  body: Buffer,
  count: number,
  nowMs: number,
): { readonly response: S3Response; readonly issued: Credentials } {
  const form = new URLSearchParams(body.toString('utf8'))
  const roleArn = form.get('RoleArn')
  if (form.get('Action') !== 'AssumeRole' || roleArn === null) {
    throw new S3Error(400, 'InvalidAction', 'Of STS, s3-local knows AssumeRole.')
  }
  const digest = createHash('sha256').update(`${roleArn}/${count}`).digest('hex')
  const issued = {
    accessKeyId: `ASIA${digest.slice(0, 16).toUpperCase()}`,
    secretAccessKey: digest.slice(16, 56),
    sessionToken: `token-${digest.slice(56)}-${count}`,
  }
  const xml = xmlDocument(
    'AssumeRoleResponse',
    {
      AssumeRoleResult: {
        Credentials: {
          AccessKeyId: issued.accessKeyId,
          SecretAccessKey: issued.secretAccessKey,
          SessionToken: issued.sessionToken,
          Expiration: new Date(nowMs + hoursMs).toISOString(),
        },
        AssumedRoleUser: {
          AssumedRoleId: `AROALOCAL:${form.get('RoleSessionName') ?? ''}`,
          Arn: `${roleArn}/${form.get('RoleSessionName') ?? ''}`,
        },
      },
      ResponseMetadata: { RequestId: digest.slice(0, 16) },
    },
    'sts.amazonaws.com/doc/2011-06-15/',
  )
  return { response: { status: 200, headers: { 'content-type': 'text/xml' }, body: xml }, issued }
}
