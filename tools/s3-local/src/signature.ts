import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { accessDenied, S3Error } from './s3-error.js'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Temporary credentials have one; requests must then carry it. */
  readonly sessionToken?: string
}

export interface SignedRequest {
  readonly method: string
  /** As it was sent: path and query, still percent-encoded. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const signatureMismatch = (): S3Error =>
  new S3Error(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  )

const maxSkewMs = 15 * 60 * 1000

/**
 * Checks AWS Signature Version 4 ("Authenticating Requests", Amazon S3 API reference), in the Authorization header or in the
 * query of a presigned URL. Signatures of single chunks of a streamed body are not checked.
 * @throws S3Error AccessDenied, InvalidAccessKeyId, SignatureDoesNotMatch, RequestTimeTooSkewed, XAmzContentSHA256Mismatch
 */
export function verifySignature(
  request: SignedRequest,
  find: (accessKeyId: string) => Credentials | undefined,
  nowMs: number,
): void {
  const question = request.url.indexOf('?')
  const path = question < 0 ? request.url : request.url.slice(0, question)
  const query = parseQuery(question < 0 ? '' : request.url.slice(question + 1))
  const claim = claimOf(request, query)
  const credentials = find(claim.accessKeyId)
  if (credentials === undefined) {
    throw new S3Error(403, 'InvalidAccessKeyId', `The access key id ${claim.accessKeyId} is not known.`)
  }
  const token = request.headers['x-amz-security-token'] ?? query.find(([name]) => name === 'X-Amz-Security-Token')?.[1]
  if (token !== credentials.sessionToken) throw new S3Error(400, 'InvalidToken', 'The provided token is not valid.')
  const timeMs = Date.parse(claim.time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(nowMs - timeMs < (claim.expiresMs ?? maxSkewMs)) || timeMs - nowMs > maxSkewMs) {
    throw new S3Error(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the server time is too large.',
    )
  }
  checkPayload(request, claim.payloadHash)
  const canonical = [
    request.method,
    path,
    query
      .filter(([name]) => name !== 'X-Amz-Signature')
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&'),
    ...claim.signedHeaders.map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    claim.signedHeaders.join(';'),
    claim.payloadHash,
  ].join('\n')
  const scope = claim.scope.join('/')
  const text = ['AWS4-HMAC-SHA256', claim.time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
  let key: Buffer = Buffer.from(`AWS4${credentials.secretAccessKey}`)
  for (const part of claim.scope) key = hmac(key, part)
  const expected = hmac(key, text)
  const given = Buffer.from(claim.signature, 'hex')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw signatureMismatch()
}

interface Claim {
  readonly accessKeyId: string
  /** Date, region, service, `aws4_request`. */
  readonly scope: readonly string[]
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly time: string
  readonly payloadHash: string
  readonly expiresMs: number | null
}

function claimOf(request: SignedRequest, query: readonly (readonly [string, string])[]): Claim {
  const header = request.headers['authorization']
  if (header !== undefined) {
    const found = /^AWS4-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]+)$/.exec(header)
    if (found === null) throw accessDenied('The Authorization header is not one of AWS4-HMAC-SHA256.')
    const [accessKeyId, ...scope] = found[1]!.split('/')
    return {
      accessKeyId: accessKeyId!,
      scope,
      signedHeaders: found[2]!.split(';'),
      signature: found[3]!,
      time: request.headers['x-amz-date'] ?? '',
      payloadHash: request.headers['x-amz-content-sha256'] ?? createHash('sha256').update(request.body).digest('hex'),
      expiresMs: null,
    }
  }
  const given = new Map(query)
  const credential = given.get('X-Amz-Credential')
  if (credential === undefined) throw accessDenied('The request is not signed.')
  const [accessKeyId, ...scope] = credential.split('/')
  return {
    accessKeyId: accessKeyId!,
    scope,
    signedHeaders: (given.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: given.get('X-Amz-Signature') ?? '',
    time: given.get('X-Amz-Date') ?? '',
    payloadHash: 'UNSIGNED-PAYLOAD',
    expiresMs: Number(given.get('X-Amz-Expires') ?? 0) * 1000,
  }
}

function checkPayload({ body }: SignedRequest, hash: string): void {
  if (!/^[0-9a-f]{64}$/.test(hash) || createHash('sha256').update(body).digest('hex') === hash) return
  throw new S3Error(
    400,
    'XAmzContentSHA256Mismatch',
    'The x-amz-content-sha256 header does not match what was computed.',
  )
}

const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()

const parseQuery = (text: string): (readonly [string, string])[] =>
  text === ''
    ? []
    : text.split('&').map((pair) => {
        const equals = pair.indexOf('=')
        return equals < 0 ? [decode(pair), ''] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))]
      })

const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', '%20'))

/** RFC 3986: everything but letters, digits and `-._~`. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
