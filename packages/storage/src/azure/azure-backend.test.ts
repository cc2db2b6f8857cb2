import { describe, expect, it } from '@jest/globals'
import { AzureBackend } from './azure-backend.js'

describe('D-88: failures of Azure Blob Storage', () => {
  const failureOf = (code: string, message: string) =>
    new AzureBackend('az://lake', 'lake', {}).failureOf(Object.assign(new Error(message), { statusCode: 403, code }))

  it('tells a signature that does not fit from a request that is not allowed, which Azurite gives one code', () => {
    expect(failureOf('AuthorizationFailure', 'Server failed to authenticate the request. Make sure …').code).toBe(
      'credentials',
    )
    expect(failureOf('AuthorizationFailure', 'This request is not authorized to perform this operation.')).toEqual({
      status: 403,
      code: 'AuthorizationFailure',
      message: 'This request is not authorized to perform this operation.',
    })
  })
})
