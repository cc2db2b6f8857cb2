import { createPublicKey, createVerify, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SnowflakeConnection } from './snowflake-connection.js'
import type { SnowflakeLogin } from './snowflake-options.js'

/* What the driver asks the service with: a server of this machine takes it down, and lets nobody in. */

interface LoginRequest {
  readonly query: URLSearchParams
  readonly data: Readonly<Record<string, unknown>>
}

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-snowflake-'))
let server: Server
let seen: LoginRequest[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const url = new URL(request.url!, 'http://localhost')
      if (url.pathname === '/session/v1/login-request') {
        const { data } = JSON.parse(Buffer.concat(parts).toString()) as { readonly data: LoginRequest['data'] }
        seen.push({ query: url.searchParams, data })
      }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ success: false, code: '390144', message: 'nobody is let in', data: {} }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})
beforeEach(() => (seen = []))

/** The log-in that is asked for. */
async function asked(login: SnowflakeLogin): Promise<LoginRequest> {
  const connection = new SnowflakeConnection({
    account: 'shop-prod',
    login,
    database: 'LAKE',
    schema: 'SALES',
    role: 'LOADER',
    warehouse: 'NIGHTLY',
    queryTag: 'deltaworks-test',
    accessUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  })
  await expect(connection.query('SELECT 1')).rejects.toMatchObject({ code: 'DW-WAREHOUSE-0001' })
  return seen[0]!
}

function keyFile(name: string, passphrase: string | null): { readonly path: string; readonly publicKey: KeyObject } {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const path = join(folder, name)
  const encrypted = passphrase === null ? {} : { cipher: 'aes-256-cbc', passphrase }
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem', ...encrypted }))
  return { path, publicKey: createPublicKey(privateKey) }
}

const decoded = (part: string): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Readonly<Record<string, unknown>>

describe('logging in to Snowflake', () => {
  it.each([null, 'open sesame'])(
    'W-18: by a key pair: a token that the private key signed (passphrase %s)',
    async (passphrase) => {
      const { path, publicKey } = keyFile('key.p8', passphrase)
      const { data } = await asked({
        kind: 'key-pair',
        username: 'loader',
        privateKeyPath: path,
        ...(passphrase === null ? {} : { passphrase }),
      })
      expect(data).toMatchObject({ AUTHENTICATOR: 'SNOWFLAKE_JWT', LOGIN_NAME: 'loader' })
      expect(data['PASSWORD'] ?? '').toBe('')
      const [header, body, signature] = String(data['TOKEN']).split('.') as [string, string, string]
      expect(decoded(header)).toMatchObject({ alg: 'RS256' })
      expect(decoded(body)).toMatchObject({ sub: 'SHOP-PROD.LOADER' })
      const verify = createVerify('RSA-SHA256').update(`${header}.${body}`)
      expect(verify.verify(publicKey, Buffer.from(signature, 'base64url'))).toBe(true)
    },
  )

  it('W-18: by OAuth: the token, and no user or password', async () => {
    const { data } = await asked({ kind: 'oauth', token: 'a-token-of-oauth' })
    expect(data).toMatchObject({ AUTHENTICATOR: 'OAUTH', TOKEN: 'a-token-of-oauth' })
    expect([data['LOGIN_NAME'] ?? '', data['PASSWORD'] ?? '']).toEqual(['', ''])
  })

  it('W-18: role, warehouse, database, schema and query tag are those that were given', async () => {
    const { query, data } = await asked({ kind: 'password', username: 'loader', password: 'secret' })
    expect(Object.fromEntries(query)).toMatchObject({
      databaseName: 'LAKE',
      schemaName: 'SALES',
      roleName: 'LOADER',
      warehouse: 'NIGHTLY',
    })
    expect(data).toMatchObject({ LOGIN_NAME: 'loader', PASSWORD: 'secret' })
    expect(data['SESSION_PARAMETERS']).toMatchObject({ QUERY_TAG: 'deltaworks-test' })
  })
})
